// Where credentials come from: the configuration, files that may be rotated, the environment.
internal import Formats
public import Platform
internal import Synchronization

/// Finds credentials anew for each request, so that a rotated file counts at once.
public final class S3CredentialSource: Sendable {
    /// What the configuration says; empty texts say nothing.
    public struct Settings: Sendable, Equatable {
        public var accessKeyID = ""
        public var accessKeyIDFile = ""
        public var secretAccessKey = ""
        public var secretAccessKeyFile = ""
        public var sessionTokenFile = ""

        /// Nothing is said.
        public init() {}

        /// Whether the environment is not asked.
        var isSet: Bool { !accessKeyID.isEmpty || !accessKeyIDFile.isEmpty }
    }

    private struct Kept {
        var text = ""
        var modifiedMs: Int64
        var size: Int64
    }

    private let settings: Settings
    private let environment: S3Credentials?
    private let files: any FileSystem
    private let kept = Mutex<[String: Kept]>([:])

    /// Asks the settings, else `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    ///
    /// - Parameters:
    ///   - settings: what the configuration says.
    ///   - environment: the process's variables.
    ///   - files: the disk.
    public init(
        _ settings: Settings,
        environment: (String) -> String?,
        files: any FileSystem
    ) {
        self.settings = settings
        self.files = files
        let id = environment("AWS_ACCESS_KEY_ID") ?? ""
        let secret = environment("AWS_SECRET_ACCESS_KEY") ?? ""
        self.environment =
            id.isEmpty || secret.isEmpty
            ? nil
            : S3Credentials(
                accessKeyID: id,
                secretAccessKey: secret,
                sessionToken: environment("AWS_SESSION_TOKEN") ?? ""
            )
    }

    /// The credentials of now; may read files: not on the loop.
    ///
    /// - Throws: `.noCredentials`, `.file`.
    func current() throws(S3Error) -> S3Credentials {
        guard settings.isSet else {
            guard let environment else { throw .noCredentials }
            return environment
        }
        let credentials = S3Credentials(
            accessKeyID: try text(settings.accessKeyID, settings.accessKeyIDFile),
            secretAccessKey: try text(settings.secretAccessKey, settings.secretAccessKeyFile),
            sessionToken: try text("", settings.sessionTokenFile)
        )
        if credentials.accessKeyID.isEmpty || credentials.secretAccessKey.isEmpty {
            throw .noCredentials
        }
        return credentials
    }

    private func text(_ inline: String, _ path: String) throws(S3Error) -> String {
        if path.isEmpty { return inline }
        do throws(Errno) {
            let info = try files.stat(path)
            if let found = kept.withLock({ $0[path] }), found.modifiedMs == info.modifiedMs,
                found.size == info.size
            {
                return found.text
            }
            let text = String(decoding: try files.readSecret(path), as: UTF8.self)
            let found = Kept(text: text, modifiedMs: info.modifiedMs, size: info.size)
            kept.withLock { $0[path] = found }
            return text
        } catch {
            throw .file(action: "read", path: path, cause: error)
        }
    }
}
