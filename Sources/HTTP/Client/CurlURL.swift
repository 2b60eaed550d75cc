// A URL with another host, for a TLS name that is not the URL's: libcurl asks for and checks the
// name in the URL, so the name goes there and CURLOPT_CONNECT_TO leads to the real host.
internal import CCurl

@safe
struct CurlURL: ~Copyable {
    // SAFETY: made by init, freed by deinit, never given out; texts are copied before they are freed.
    private let handle: OpaquePointer

    /// Nil when libcurl cannot parse the URL.
    init?(_ url: String) {
        guard let handle = unsafe curl_url() else { return nil }
        guard unsafe curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else {
            unsafe curl_url_cleanup(handle)
            return nil
        }
        unsafe self.handle = handle
    }

    deinit {
        unsafe curl_url_cleanup(handle)
    }

    /// A part, decoded as it stands; nil when it is not there.
    func part(_ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(handle, part, &text, flags) == CURLUE_OK,
            let text = unsafe text
        else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }

    /// Replaces a part; false when libcurl refuses it.
    func set(_ part: CURLUPart, _ text: String) -> Bool {
        unsafe text.withCString { unsafe curl_url_set(handle, part, $0, 0) == CURLUE_OK }
    }
}
