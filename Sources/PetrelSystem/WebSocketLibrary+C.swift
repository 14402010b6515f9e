import CLWS
import CPetrel

/// The websocket library that is linked in.
public enum WebSocketLibrary {
    /// Its version, for `petrel doctor` and the log.
    public static var version: String { lws_get_library_version().map { String(cString: $0) } ?? "unknown" }

    /// Whether it can set itself up for client connections with TLS on this machine.
    public static var isUsable: Bool { petrel_lws_probe() }
}
