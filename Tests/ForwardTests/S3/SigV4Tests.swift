// AWS's own worked examples, and the rules beside them.
import Model
import Testing

@testable import Forward

@Suite("Signature version 4") struct SigV4Tests {
    // "Examples: Signature Calculations" of the S3 API reference.
    private let credentials = S3Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )
    private let signer = SigV4(region: "us-east-1")
    private let time = RFC3339.parse("2013-05-24T00:00:00Z") ?? .min
    private let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private func request(
        _ method: String,
        _ path: String,
        query: [SigV4Request.Field] = [],
        headers: [SigV4Request.Field] = [],
        body: String = ""
    ) -> SigV4Request {
        SigV4Request(
            method: method,
            path: path,
            query: query,
            headers: [.init("Host", "examplebucket.s3.amazonaws.com")] + headers,
            payloadHash: SigV4.hash(Array(body.utf8))
        )
    }

    private func authorization(
        _ request: SigV4Request,
        as other: S3Credentials? = nil
    ) -> String? {
        signer.sign(request, as: other ?? credentials, at: time)
            .first { $0.name == "Authorization" }?.value
    }

    private func whole(_ headers: String, _ signature: String) -> String {
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            + "SignedHeaders=\(headers),Signature=\(signature)"
    }

    @Test("GET Object, with a range")
    func getObject() {
        let request = request("GET", "/test.txt", headers: [.init("Range", "bytes=0-9")])
        #expect(
            authorization(request)
                == whole(
                    "host;range;x-amz-content-sha256;x-amz-date",
                    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
                )
        )
        let signed = SigV4Request(
            method: "GET",
            path: "/test.txt",
            headers: request.headers + [
                .init("x-amz-content-sha256", empty), .init("x-amz-date", "20130524T000000Z"),
            ],
            payloadHash: empty
        )
        let canonical = SigV4.canonical(signed).text
        #expect(
            canonical == """
                GET
                /test.txt

                host:examplebucket.s3.amazonaws.com
                range:bytes=0-9
                x-amz-content-sha256:\(empty)
                x-amz-date:20130524T000000Z

                host;range;x-amz-content-sha256;x-amz-date
                \(empty)
                """
        )
        #expect(
            signer.stringToSign(canonical, "20130524T000000Z") == """
                AWS4-HMAC-SHA256
                20130524T000000Z
                20130524/us-east-1/s3/aws4_request
                7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972
                """
        )
    }

    @Test("PUT Object, with a key that is encoded once and a body")
    func putObject() {
        let request = request(
            "PUT",
            "/test$file.text",
            headers: [
                .init("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                .init("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            body: "Welcome to Amazon S3."
        )
        #expect(
            request.payloadHash
                == "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        )
        #expect(SigV4.encoded(path: request.path) == "/test%24file.text")
        #expect(
            authorization(request)
                == whole(
                    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
                )
        )
    }

    @Test("GET Bucket Lifecycle: a parameter without a value")
    func lifecycle() {
        #expect(
            authorization(request("GET", "/", query: [.init("lifecycle", "")]))
                == whole(
                    "host;x-amz-content-sha256;x-amz-date",
                    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
                )
        )
    }

    @Test("GET Bucket: parameters in any order")
    func listObjects() {
        let query = [SigV4Request.Field("prefix", "J"), SigV4Request.Field("max-keys", "2")]
        for query in [query, query.reversed()] {
            #expect(
                authorization(request("GET", "/", query: query))
                    == whole(
                        "host;x-amz-content-sha256;x-amz-date",
                        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
                    )
            )
        }
    }

    @Test("the signing key of the general reference")
    func signingKey() {
        // "Examples of how to derive a signing key", AWS General Reference.
        let credentials = S3Credentials(
            accessKeyID: "",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        )
        #expect(
            SigV4.hex(
                SigV4(region: "us-east-1", service: "iam")
                    .signingKey(credentials, "20150830T000000Z")
            ) == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        )
    }

    @Test("a session token is sent and signed")
    func sessionToken() {
        var temporary = credentials
        temporary.sessionToken = "token+/="
        let added = signer.sign(request("GET", "/a"), as: temporary, at: time)
        #expect(added.contains(.init("x-amz-security-token", "token+/=")))
        let text = added.last?.value ?? ""
        #expect(
            text.contains(
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"
            )
        )
        #expect(!text.contains("token+/="))
        #expect(!text.contains(credentials.secretAccessKey))
    }

    @Test(
        "queries are encoded, then sorted by bytes",
        arguments: [
            ([("b", "1"), ("a", "2")], "a=2&b=1"),
            ([("a", "2"), ("a", "10")], "a=10&a=2"),
            ([("uploads", "")], "uploads="),
            ([("prefix", "a/b c"), ("after", "+=&")], "after=%2B%3D%26&prefix=a%2Fb%20c"),
            // "~" is not encoded and sorts behind "%".
            ([("a~", "1"), ("a ", "2")], "a%20=2&a~=1"),
            ([("ä", "€")], "%C3%A4=%E2%82%AC"),
        ]
    )
    func queries(fields: [(String, String)], text: String) {
        #expect(SigV4.encoded(query: fields.map { .init($0.0, $0.1) }) == text)
    }

    @Test("headers: names lower case and sorted, one line each, blanks of values as one")
    func headers() {
        let canonical = SigV4.canonical(
            SigV4Request(
                method: "PUT",
                path: "/",
                headers: [
                    .init("x-amz-meta-a-b", "2"), .init("X-Amz-Meta-A", "  one \t two  "),
                    .init("Host", "h"), .init("x-amz-meta-a", "three"),
                ],
                payloadHash: "-"
            )
        )
        #expect(
            canonical.text == """
                PUT
                /

                host:h
                x-amz-meta-a:one two,three
                x-amz-meta-a-b:2

                host;x-amz-meta-a;x-amz-meta-a-b
                -
                """
        )
    }
}
