import CCurl
import CPetrel
import Glibc
import PetrelCore
import Synchronization

/// The thread behind one ``HTTPClient``: it alone touches the multi handle and what runs on it; other threads use only the
/// mailbox and wake it.
final class CurlLoop: @unchecked Sendable {
    private struct Mailbox {
        var arrivals: [CurlTransfer] = []
        var givenUp: [CurlTransfer] = []
        /// The multi handle as a number, while there is a thread.
        var multi: UInt = 0
        var isSignalled = false
        var isStopping = false

        mutating func take() -> (arrivals: [CurlTransfer], givenUp: [CurlTransfer], isStopping: Bool) {
            defer { (arrivals, givenUp, isSignalled) = ([], [], false) }
            return (arrivals, givenUp, isStopping)
        }
    }

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let threadName: String
    private let mailbox = Mutex(Mailbox())
    private var turns: HTTPTurns
    private var waiting: [Int: CurlTransfer] = [:]
    /// By the address of the easy handle.
    private var running: [UInt: (transfer: CurlTransfer, handle: CurlHandle)] = [:]
    private var idle: [CurlHandle] = []
    private var lastNumber = 0

    init(_ turns: HTTPTurns, threadName: String) {
        self.turns = turns
        self.threadName = threadName
    }

    /// Has the thread see to a transfer, which gets its end in any case.
    func submit(_ transfer: CurlTransfer) {
        if !tell({ $0.arrivals.append(transfer) }, starts: true) {
            transfer.finish(.failure(SystemError(.crowded, "libcurl can't be set up", isRetryable: true)))
        }
    }

    /// Has the thread drop a transfer that has got its end.
    func giveUp(_ transfer: CurlTransfer) { _ = tell({ $0.givenUp.append(transfer) }, starts: false) }

    func stop() { _ = tell({ $0.isStopping = true }, starts: false) }

    private func tell(_ change: (inout Mailbox) -> Void, starts: Bool) -> Bool {
        mailbox.withLock { box in
            if box.multi == 0, !starts || !start(&box) { return false }
            change(&box)
            // Within the lock: afterwards the thread may have ended, and the handle with it.
            if !box.isSignalled { curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: box.multi)) }
            box.isSignalled = true
            return true
        }
    }

    private func start(_ box: inout Mailbox) -> Bool {
        guard Self.isReady, let multi = curl_multi_init() else { return false }
        petrel_curl_multi_set_long(multi, Int32(CURLMOPT_MAXCONNECTS.rawValue), 32)
        nonisolated(unsafe) let pointer = multi
        guard startThread(threadName, { [self] in run(pointer) }) else {
            curl_multi_cleanup(multi)
            return false
        }
        box.multi = UInt(bitPattern: multi)
        return true
    }

    private func run(_ multi: UnsafeMutableRawPointer) {
        while takeMail(multi) {
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            var code: Int32 = 0
            while let easy = petrel_curl_next_done(multi, &code) { complete(multi, easy, code) }
            startWaiting(multi)
            curl_multi_poll(multi, nil, 0, waiting.isEmpty ? 60_000 : 200, nil)
        }
        for handle in running.values.map(\.handle) { curl_multi_remove_handle(multi, handle.easy) }
        running = [:]
        idle = []
        curl_multi_cleanup(multi)
    }

    /// False when the thread is to end.
    private func takeMail(_ multi: UnsafeMutableRawPointer) -> Bool {
        let mail = mailbox.withLock { box in
            defer { if box.isStopping { box.multi = 0 } }
            return box.take()
        }
        for transfer in mail.arrivals { arrive(multi, transfer) }
        for transfer in mail.givenUp { drop(multi, transfer) }
        return !mail.isStopping
    }

    private func arrive(_ multi: UnsafeMutableRawPointer, _ transfer: CurlTransfer) {
        guard !transfer.isOver else { return }
        lastNumber += 1
        transfer.number = lastNumber
        switch turns.enter(lastNumber, host: transfer.parts.origin) {
        case .starts: begin(multi, transfer)
        case .waits: waiting[lastNumber] = transfer
        case .refused:
            let message = "too many requests wait to be sent"
            transfer.finish(.failure(SystemError(.crowded, message, hint: "Try again later", isRetryable: true)))
        }
    }

    private func begin(_ multi: UnsafeMutableRawPointer, _ transfer: CurlTransfer) {
        guard let handle = idle.popLast() ?? CurlHandle() else {
            transfer.finish(.failure(SystemError(.crowded, "libcurl has no handle left", isRetryable: true)))
            return turns.leave(host: transfer.parts.origin)
        }
        transfer.setUp(handle)
        running[UInt(bitPattern: handle.easy)] = (transfer, handle)
        curl_multi_add_handle(multi, handle.easy)
    }

    private func complete(_ multi: UnsafeMutableRawPointer, _ easy: UnsafeMutableRawPointer, _ code: Int32) {
        guard let (transfer, handle) = running[UInt(bitPattern: easy)] else { return }
        transfer.finish(transfer.result(handle, CURLcode(UInt32(bitPattern: code))))
        release(multi, transfer, handle)
    }

    private func drop(_ multi: UnsafeMutableRawPointer, _ transfer: CurlTransfer) {
        if waiting.removeValue(forKey: transfer.number) != nil {
            turns.withdraw(transfer.number, host: transfer.parts.origin)
        } else if let (_, handle) = running.values.first(where: { $0.transfer === transfer }) {
            release(multi, transfer, handle)
        }
    }

    private func release(_ multi: UnsafeMutableRawPointer, _ transfer: CurlTransfer, _ handle: CurlHandle) {
        running[UInt(bitPattern: handle.easy)] = nil
        curl_multi_remove_handle(multi, handle.easy)
        transfer.tearDown()
        handle.reset()
        if idle.count < 16 { idle.append(handle) }
        turns.leave(host: transfer.parts.origin)
    }

    private func startWaiting(_ multi: UnsafeMutableRawPointer) {
        guard !waiting.isEmpty else { return }
        let now = ContinuousClock.now
        for transfer in waiting.values where now >= transfer.deadline {
            waiting[transfer.number] = nil
            turns.withdraw(transfer.number, host: transfer.parts.origin)
            transfer.finish(.failure(transfer.tooLateToStart))
        }
        var hasStarted = false
        while let number = turns.next() {
            guard let transfer = waiting.removeValue(forKey: number) else { continue }
            begin(multi, transfer)
            hasStarted = true
        }
        if hasStarted { curl_multi_wakeup(multi) }
    }
}

/// An easy handle with what it points to; the thread of its loop owns it.
final class CurlHandle {
    let easy: UnsafeMutableRawPointer
    let hooks: UnsafeMutablePointer<petrel_curl_hooks>
    let message: UnsafeMutablePointer<CChar>

    init?() {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        hooks = .allocate(capacity: 1)
        hooks.initialize(to: petrel_curl_hooks())
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(easy)
        hooks.deallocate()
        message.deallocate()
    }

    /// As new, but for the open connections, which belong to the loop.
    func reset() {
        curl_easy_reset(easy)
        message.pointee = 0
    }
}
