import CPetrelContent

/// The JSON text that is linked into the program; constant memory, so any thread may read it.
func linkedContent() -> [UInt8] {
    withUnsafePointer(to: petrel_content) { start in
        start.withMemoryRebound(to: UInt8.self, capacity: petrel_content_size) {
            Array(UnsafeBufferPointer(start: $0, count: petrel_content_size))
        }
    }
}
