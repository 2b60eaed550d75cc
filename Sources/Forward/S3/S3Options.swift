// What a `[[forward]]` table of kind s3 says; each option is defined here once.
public import Formats
public import HTTP
public import Model
internal import Platform
internal import Store

/// Settings of one archive.
public struct S3Options: Sendable, Equatable {
    /// Names the destination, in logs and metrics, and its cursor file.
    public var name: String
    /// The object store.
    public var url: String
    /// The bucket.
    public var bucket: String
    /// What keys begin with.
    public var prefix = ""
    /// What signatures are made for.
    public var region = "us-east-1"
    /// Whether the bucket stands in the path.
    public var usesPathStyle = true
    /// Where credentials come from.
    public var credentials = S3CredentialSource.Settings()
    /// Where it begins without a cursor and without anything in the bucket.
    public var start: ForwardOptions.Start = .now
    /// How long one request may take.
    public var remoteTimeout: Duration = .seconds(30)
    /// The pause after the first failure; it doubles with each further one.
    public var minBackoff: Duration = .milliseconds(30)
    /// The longest pause between tries, but for what `Retry-After` asks.
    public var maxBackoff: Duration = .seconds(5)
    /// How https is checked.
    public var tls = TLSOptions()
    /// A proxy; empty for none.
    public var proxyURL = ""
    /// Added to every series that does not have a label of that name.
    public var externalLabels = Labels()
    /// Applied after the external labels were added; what they drop is not archived.
    public var relabelRules: [RelabelRule] = []

    /// Makes settings with everything else at its default.
    public init(name: String, url: String, bucket: String) {
        self.name = name
        self.url = url
        self.bucket = bucket
    }

    /// Everything that is wrong, in the order of the keys; empty when the settings can be used.
    public func problems() -> [ForwardProblem] {
        // Name, URL, times and certificates are those of every destination.
        var common = ForwardOptions(name: name, url: url)
        common.remoteTimeout = remoteTimeout
        common.minBackoff = minBackoff
        common.maxBackoff = maxBackoff
        common.tls = tls
        common.externalLabels = externalLabels
        var found = common.problems()
        func expect(_ isFine: Bool, _ key: String, _ text: @autoclosure () -> String) {
            if !isFine { found.append(ForwardProblem(key: key, text: text())) }
        }
        let isBucket =
            (3...63).contains(bucket.utf8.count)
            && bucket.utf8.allSatisfy { byte in
                byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
                    || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
        expect(
            isBucket,
            "bucket",
            "\"\(bucket)\" is no bucket: 3 to 63 lower-case letters, digits, dashes and dots"
        )
        if let problem = S3Names.problem(ofPrefix: prefix) {
            expect(false, "prefix", "\"\(prefix)\" cannot be used: \(problem)")
        }
        expect(!region.isEmpty, "region", "is empty; stores without regions take us-east-1")
        let secrets = credentials
        expect(
            secrets.accessKeyID.isEmpty || secrets.accessKeyIDFile.isEmpty,
            "access_key_id_file",
            "is set beside access_key_id; keep one of the two"
        )
        expect(
            secrets.secretAccessKey.isEmpty || secrets.secretAccessKeyFile.isEmpty,
            "secret_access_key_file",
            "is set beside secret_access_key; keep one of the two"
        )
        let hasSecret = !secrets.secretAccessKey.isEmpty || !secrets.secretAccessKeyFile.isEmpty
        expect(
            secrets.isSet == hasSecret,
            secrets.isSet ? "secret_access_key_file" : "access_key_id",
            "is missing; set both halves, or none to take them from the environment"
        )
        do throws(RelabelError) { _ = try RelabelRules(relabelRules) } catch {
            expect(false, "write_relabel_configs", error.description)
        }
        return found
    }

    // Rules that cannot be compiled are among `problems()`.
    private var compiledRules: RelabelRules {
        do throws(RelabelError) { return try RelabelRules(relabelRules) } catch {
            preconditionFailure("BUG: rules that were not checked: \(error)")
        }
    }

    /// Where requests go.
    /// - Throws: what is wrong with the URL.
    public func endpoint() throws(URLError) -> S3Endpoint {
        try S3Endpoint(url: url, bucket: bucket, region: region, usesPathStyle: usesPathStyle)
    }

    /// How requests are sent.
    public func settings(userAgent: String) -> S3Client.Settings {
        var settings = S3Client.Settings()
        settings.userAgent = userAgent
        settings.timeoutMs = max(1, remoteTimeout.wholeMs)
        settings.tls = tls
        settings.proxy = proxyURL
        return settings
    }

    /// What a series is called in the bucket; nil when nothing changes.
    var labels: (@Sendable (Labels) -> Labels?)? {
        if externalLabels.isEmpty, relabelRules.isEmpty { return nil }
        let (added, rules) = (externalLabels.array, compiledRules)
        return { labels in
            var builder = LabelsBuilder(labels)
            for label in added where labels[label.name] == nil {
                builder.set(label.name, label.value)
            }
            return rules.apply(to: builder.labels())
        }
    }

    /// The limits in the units of the state machine.
    var limits: ShipLimits {
        var limits = ShipLimits()
        limits.minBackoffNs = minBackoff.wholeNs
        limits.maxBackoffNs = maxBackoff.wholeNs
        return limits
    }
}
