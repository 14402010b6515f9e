import Glibc

extension String {
    /// Whether a text stands somewhere in this one, byte for byte; an empty one does.
    public func holds(_ part: String) -> Bool {
        if part.isEmpty { return true }
        var (text, part) = (self, part)
        return text.withUTF8 { text in
            part.withUTF8 { part in
                guard let start = text.baseAddress, let first = part.baseAddress else { return false }
                var at = 0
                while text.count - at >= part.count,
                    let found = memchr(start + at, Int32(first[0]), text.count - at - part.count + 1)
                {
                    if memcmp(found, first, part.count) == 0 { return true }
                    at = UnsafeRawPointer(start).distance(to: UnsafeRawPointer(found)) + 1
                }
                return false
            }
        }
    }
}
