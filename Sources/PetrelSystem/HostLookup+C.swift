import Glibc
import PetrelCore

/// Looks up names on threads of their own: the system's resolver blocks, for many seconds when its servers are silent.
///
/// Any thread may call it; it keeps nothing.
enum HostLookup {
    typealias LookUp =
        @Sendable (
            _ host: String, _ take: @escaping @Sendable (Result<[String], SystemError>) -> Void
        ) -> Void

    private static let pool = WorkerPool("petrel-lookup", threads: 4, maxWaiting: 1000)

    /// Hands over the numeric addresses of a host in the order to try them, later and on another thread; an address is
    /// its own.
    static let system: LookUp = { host, take in
        if AddressBits(host) != nil {
            take(.success([host]))
            return
        }
        if !pool.run({ take(blockingAddresses(of: host)) }) {
            take(.failure(SystemError(.crowded, "too many names wait to be looked up", isRetryable: true)))
        }
    }

    private static func blockingAddresses(of host: String) -> Result<[String], SystemError> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host, nil, &hints, &list)
        guard failure == 0 else { return .failure(.unknownHost(host, String(cString: gai_strerror(failure)))) }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next, addresses.count < 16 {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let isRead =
                getnameinfo(
                    entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                    NI_NUMERICHOST) == 0
            let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if isRead, !addresses.contains(address) { addresses.append(address) }
            next = entry.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(.unknownHost(host, "no address")) : .success(addresses)
    }
}

extension SystemError {
    fileprivate static func unknownHost(_ host: String, _ reason: String) -> SystemError {
        SystemError(
            .unreachable, "no address is known for \(host): \(reason)", hint: "Check the name, and this machine's DNS",
            isRetryable: true)
    }
}
