// One libcurl easy handle: https://curl.se/libcurl/c/curl_easy_setopt.html
// All pointers to options and results live here; callbacks live in CurlTransfer.
internal import CCurl

/// libcurl refused an option or failed; `code` is a `CURLcode`.
struct CurlFailure: Error, Equatable {
    let code: CURLcode.RawValue

    /// libcurl's general text for the code.
    var text: String {
        // SAFETY: curl_easy_strerror returns a static string.
        unsafe String(cString: curl_easy_strerror(CURLcode(code)))
    }
}

/// An easy handle: made once, configured for one transfer after another, freed with its owner.
///
/// It must be out of its multi handle when it goes.
@safe
struct CurlHandle: ~Copyable {
    /// For the multi handle, which knows transfers by it.
    let easy: UnsafeMutableRawPointer
    private let message: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = unsafe []

    /// Nil when there is no memory.
    init?() {
        guard let easy = unsafe curl_easy_init() else { return nil }
        unsafe self.easy = easy
        unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        for index in unsafe lists.indices { unsafe curl_slist_free_all(lists[index]) }
        unsafe message.deallocate()
    }

    /// What tells this handle from others.
    var id: UInt { unsafe UInt(bitPattern: easy) }

    /// Forgets every option; live connections and caches stay (they are the multi handle's).
    mutating func reset() throws(CurlFailure) {
        unsafe curl_easy_reset(easy)
        for index in unsafe lists.indices { unsafe curl_slist_free_all(lists[index]) }
        unsafe lists.removeAll()
        unsafe message[0] = 0
        // SAFETY: the buffer has the size that libcurl demands and lives as long as the handle.
        try check(unsafe ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, message))
    }

    /// What libcurl says about the failed transfer, in as much detail as it has.
    func text(for code: CURLcode) -> String {
        // SAFETY: libcurl keeps the buffer zero-terminated.
        let detail = unsafe String(cString: message)
        return detail.isEmpty ? CurlFailure(code: code.rawValue).text : detail
    }

    mutating func set(_ option: CURLoption, _ value: Int) throws(CurlFailure) {
        try check(unsafe ccurl_set_long(easy, option, value))
    }

    mutating func setOffset(_ option: CURLoption, _ value: Int) throws(CurlFailure) {
        try check(unsafe ccurl_set_offset(easy, option, curl_off_t(value)))
    }

    /// libcurl copies the text.
    mutating func set(_ option: CURLoption, _ value: String) throws(CurlFailure) {
        try check(unsafe value.withCString { unsafe ccurl_set_string(easy, option, $0) })
    }

    /// Sets the request's body; libcurl copies the bytes.
    mutating func setBody(_ bytes: [UInt8]) throws(CurlFailure) {
        try check(
            unsafe bytes.withUnsafeBytes {
                unsafe ccurl_set_body(easy, $0.baseAddress, curl_off_t($0.count))
            }
        )
    }

    /// Sets a list option; libcurl does not copy the list, so it stays with the handle.
    mutating func set(_ option: CURLoption, list: [String]) throws(CurlFailure) {
        var head: UnsafeMutablePointer<curl_slist>?
        for text in list {
            guard let longer = unsafe curl_slist_append(head, text) else {
                unsafe curl_slist_free_all(head)
                throw CurlFailure(code: CURLE_OUT_OF_MEMORY.rawValue)
            }
            unsafe head = longer
        }
        if let head = unsafe head { unsafe lists.append(head) }
        try check(unsafe ccurl_set_list(easy, option, head))
    }

    /// Sets a callback for bytes and what it is called with.
    ///
    /// SAFETY: `context` must outlive the transfer; `CurlMulti` keeps the transfer that long.
    mutating func set(
        _ option: CURLoption,
        _ callback: ccurl_bytes_callback,
        for data: CURLoption,
        context: UnsafeMutableRawPointer
    ) throws(CurlFailure) {
        try check(unsafe ccurl_set_callback(easy, option, callback))
        try check(unsafe ccurl_set_pointer(easy, data, context))
    }

    /// Goes on with a transfer whose read callback had nothing to give.
    func goOn() {
        // An error ends the transfer by itself, in the call that follows.
        _ = unsafe curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// A number that libcurl knows after the transfer; 0 when it does not.
    func number(_ info: CURLINFO) -> Int {
        var value = 0
        return unsafe ccurl_get_long(easy, info, &value) == CURLE_OK ? value : 0
    }

    /// A size or a time in microseconds that libcurl knows after the transfer; 0 when it does not.
    func offset(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        return unsafe ccurl_get_offset(easy, info, &value) == CURLE_OK ? Int(value) : 0
    }

    private func check(_ code: CURLcode) throws(CurlFailure) {
        if code != CURLE_OK { throw CurlFailure(code: code.rawValue) }
    }
}
