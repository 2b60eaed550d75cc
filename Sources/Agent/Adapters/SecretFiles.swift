// Secrets of scrape jobs, read from their files before each scrape: a rotated secret counts at once.
import Collect
import HTTP
import Platform

/// Reads secret files on a pool, never on the loop.
struct SecretFiles: Sendable {
    private let files: any FileSystem
    private let pool: BlockingPool

    init(_ files: any FileSystem, on pool: BlockingPool) {
        self.files = files
        self.pool = pool
    }

    /// Where a job's credentials come from.
    func credentials(of access: AccessSection) -> CredentialSource {
        let basic = access.basicAuth
        let bearer = access.authorization
        let hasBearer = !bearer.credentials.isEmpty || !bearer.credentialsFile.isEmpty
        guard !basic.username.isEmpty || hasBearer else { return .none }
        // Names where secrets are; of secrets in the file itself only that they changed.
        var hasher = Hasher()
        hasher.combine(basic.password)
        hasher.combine(bearer.credentials)
        let identity = """
            \(basic.username)|\(basic.passwordFile)|\(bearer.type)|\(bearer.credentialsFile)|\
            \(hasher.finalize())
            """
        return CredentialSource(identity: identity) { () throws(ScrapeError) in
            var credentials = ScrapeCredentials()
            if !basic.username.isEmpty {
                let password = try await text(basic.password, basic.passwordFile)
                credentials.basicAuth = BasicAuth(username: basic.username, password: password)
            }
            if hasBearer {
                let secret = try await text(bearer.credentials, bearer.credentialsFile)
                credentials.authorization = "\(bearer.type) \(secret)"
            }
            return credentials
        }
    }

    private func text(_ inline: String, _ path: String) async throws(ScrapeError) -> String {
        if path.isEmpty { return inline }
        do throws(Errno) {
            let secret = try await pool.run { () throws(Errno) in try files.readSecret(path) }
            return String(decoding: secret, as: UTF8.self)
        } catch {
            throw .credentials("cannot read \(path): \(error)")
        }
    }
}
