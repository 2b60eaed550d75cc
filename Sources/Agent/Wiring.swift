// Binds the commands to what they start.

extension CommandActions {
    /// What the program does.
    static var wired: CommandActions { CommandActions(run: Lifecycle.run) }
}
