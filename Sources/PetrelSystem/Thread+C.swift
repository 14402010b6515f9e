import CPetrel

/// Starts a thread of its own that no signal reaches; false when the machine has no room for one.
///
/// Blocking calls go there, for a blocked thread of Swift's pool is missing to everyone else.
func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
    let context = Unmanaged.passRetained(ThreadBody(body))
    let failure = petrel_start_thread(
        name,
        { context in
            // Proof: petrel_start_thread hands on the pointer given below, which is never null.
            guard let context else { fatalError("a thread without its body") }
            Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
        },
        context.toOpaque())
    if failure != 0 { context.release() }
    return failure == 0
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
