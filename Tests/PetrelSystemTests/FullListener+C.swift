import Glibc

/// A listener whose queue is full, so that the system answers no further connection; the test that made it owns it.
final class FullListener: Sendable {
    private let sockets: [Int32]

    init?(_ address: String, port: Int) {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, address, &place.sin_addr)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let all = (0..<6).map { _ in socket(AF_INET, kind, 0) }
        sockets = all
        let isBound = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                let size = socklen_t(MemoryLayout<sockaddr_in>.size)
                guard bind(all[0], pointer, size) == 0, listen(all[0], 0) == 0 else { return false }
                for client in all.dropFirst() { _ = connect(client, pointer, size) }
                return true
            }
        }
        if !isBound { return nil }
    }

    func close() { for socket in sockets { _ = Glibc.close(socket) } }
}
