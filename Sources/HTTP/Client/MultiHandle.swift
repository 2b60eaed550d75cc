// libcurl's multi handle: https://curl.se/libcurl/c/libcurl-multi.html (multi_socket flavour)
internal import CCurl

/// Holds the connections that transfers share.
///
/// Every call must come from one thread.
@safe
struct MultiHandle: ~Copyable {
    private let multi: UnsafeMutableRawPointer

    /// Nil when there is no memory.
    init?() {
        guard ccurl_global_init() == CURLE_OK, let multi = unsafe curl_multi_init() else {
            return nil
        }
        unsafe self.multi = multi
    }

    deinit {
        // Cleaning up closes connections, which must not call back into an object that is going.
        unsafe ccurl_multi_set_socket(multi, nil)
        unsafe ccurl_multi_set_timer(multi, nil)
        unsafe curl_multi_cleanup(multi)
    }

    /// Has libcurl say through callbacks which sockets and what time it waits for.
    ///
    /// SAFETY: `context` must live until the callbacks are taken away, by `deinit` at the latest.
    func connect(
        _ socket: ccurl_socket_callback,
        _ timer: ccurl_timer_callback,
        context: UnsafeMutableRawPointer
    ) {
        unsafe ccurl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
        unsafe ccurl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
        unsafe ccurl_multi_set_socket(multi, socket)
        unsafe ccurl_multi_set_timer(multi, timer)
    }

    func set(_ option: CURLMoption, _ value: Int) {
        unsafe ccurl_multi_set_long(multi, option, value)
    }

    func add(_ handle: borrowing CurlHandle) -> Bool {
        unsafe curl_multi_add_handle(multi, handle.easy) == CURLM_OK
    }

    func remove(_ handle: borrowing CurlHandle) {
        unsafe curl_multi_remove_handle(multi, handle.easy)
    }

    /// A socket is ready (`CURL_CSELECT_…`); nil: the timer has run out.
    func act(_ fd: Int32?, _ events: Int32) {
        var running: Int32 = 0
        unsafe curl_multi_socket_action(multi, fd ?? CURL_SOCKET_BAD, events, &running)
    }

    /// The next transfer that has ended.
    func nextDone() -> (id: UInt, code: CURLcode)? {
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE else { continue }
            // SAFETY: both are read before the next libcurl call, which may free the message.
            return (
                UInt(bitPattern: unsafe message.pointee.easy_handle),
                unsafe ccurl_message_result(message)
            )
        }
        return nil
    }
}
