import CPetrelContent

/// The JSON text that is linked into the program; constant memory, so any thread may read it.
func linkedContent() -> [UInt8] { Array(UnsafeBufferPointer(start: petrel_content(), count: petrel_content_size())) }
