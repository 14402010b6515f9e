import PetrelCore
import PetrelEngine

/// A piece of what an execution has written.
struct OutputChunk: Sendable {
    /// `stdout` or `stderr`.
    var type: String
    var data: String
}

/// Reads what an execution writes, each time from where it read last.
struct OutputFollower: Sendable {
    private static let types = ["stdout", "stderr"]

    let id: ExecutionID
    /// Bytes read of each type.
    private var read: [String: Int] = [:]

    init(_ id: ExecutionID) { self.id = id }

    /// What is new since the last call: from the runner while the execution runs, from its result afterwards.
    /// - Parameter masking: stars secrets; with it, only whole lines are read while the execution runs.
    mutating func chunks(
        _ execution: Execution, scheduler: Scheduler, masking: (@Sendable (String) -> String)?
    ) async -> [OutputChunk] {
        var chunks: [OutputChunk] = []
        for type in Self.types {
            let from = read[type] ?? 0
            let bytes: [UInt8]
            if execution.status.isCompleted {
                bytes = rest(of: execution.result?[type], from: from)
            } else {
                let fresh = await scheduler.output(of: execution, type: type, from: from)
                bytes = masking == nil ? completeText(fresh) : completeLines(fresh)
            }
            guard !bytes.isEmpty else { continue }
            read[type] = from + bytes.count
            let text = String(decoding: bytes, as: UTF8.self)
            chunks.append(OutputChunk(type: type, data: masking?(text) ?? text))
        }
        return chunks
    }

    private func rest(of value: Value?, from: Int) -> [UInt8] {
        guard let value, !value.isNull else { return [] }
        let text = value.string ?? JSONWriter.text(value)
        return Array(text.utf8.dropFirst(from))
    }

    /// Up to the last line's end; all of a line that fills the whole piece.
    private func completeLines(_ bytes: [UInt8]) -> [UInt8] {
        if let end = bytes.lastIndex(of: 0x0A) { return Array(bytes[...end]) }
        return bytes.count >= 64 << 10 ? completeText(bytes) : []
    }

    /// Without the bytes of a character whose end has not been written yet.
    private func completeText(_ bytes: [UInt8]) -> [UInt8] {
        for back in 1...4 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > back ? Array(bytes.dropLast(back)) : bytes
        }
        return bytes
    }
}
