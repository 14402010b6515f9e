import Logging
import PetrelCore

/// Writes into the log what changes about the connections to chat platforms, each thing once.
struct ConnectionLog {
    let logger: Logger
    private var told: [AdapterName: AdapterHealth] = [:]

    init(logger: Logger) { self.logger = logger }

    /// Tells what is new since the last time.
    mutating func tell(_ name: AdapterName, _ health: AdapterHealth) {
        let before = told.updateValue(health, forKey: name)
        if let error = health.lastError, error != before?.lastError || health.state != before?.state,
            health.state != .connected
        {
            let text: Logger.Message = "\(name): \(error)"
            health.state == .refused ? logger.error(text) : logger.warning(text)
        }
        if health.state == .connected, before?.state != .connected {
            logger.info("\(name): connected")
        }
    }
}
