import PetrelCore

/// How far the lines of a watched file have been told: values in, values out.
///
/// The file is told from others of its name, so that a rotated one is read to its end before its successor is begun.
struct FileTail: Sendable, Hashable {
    /// One file and how much of it was told.
    struct Place: Sendable, Hashable {
        var device: Int
        var number: Int
        /// The first byte that was not told.
        var offset: Int
        /// Whether the rest of a line that was too long is still to be passed over.
        var isSkipping = false
        /// A digest of the file's first bytes, up to ``FileTail/headBytes`` or the offset.
        ///
        /// A number that a new file takes over from one that was deleted would make it look like the old one else.
        var head: String
    }

    /// What is told at once.
    struct Batch: Sendable, Hashable {
        var lines: [String] = []
        var tail: FileTail
        /// Whether there may be more to be read at once.
        var hasMore = false
    }

    static let headBytes = 256
    static let longestLine = 64 << 10
    /// Most lines of one batch, each an instance of its own.
    static let mostLines = 64
    private static let readBytes = 256 << 10

    /// Where it stands; nil while there is no file: one that comes to be is told from its beginning.
    var place: Place?

    /// The tail of a file that is seen for the first time: what it holds now is not told.
    static func first(_ path: String, on machine: any WatchedMachine, digest: any Digest) -> FileTail {
        guard let mark = machine.file(path) else { return FileTail(place: nil) }
        var isSkipping = false
        if mark.size > 0, let last = machine.read(path, from: mark.size - 1, limit: 1) {
            // What is added to a line that was begun before is no line.
            isSkipping = last.bytes.first != newline
        }
        let place = Place(device: mark.device, number: mark.number, offset: mark.size, isSkipping: isSkipping, head: "")
        return FileTail(place: place.withHead(path, machine, digest))
    }

    /// What is to be told next.
    func next(_ path: String, on machine: any WatchedMachine, digest: any Digest) -> Batch {
        guard let place else { return begin(path, machine, digest) }
        if let mark = machine.file(path), place.isSame(mark), place.stillFits(path, mark, machine, digest) {
            return read(path, place, machine, digest, isWhole: false)
        }
        // Rotated, emptied or deleted: what the old file still holds comes first, if it can be found.
        if let old = rotated(place, path, machine, digest) {
            let batch = read(old, place, machine, digest, isWhole: true)
            if !batch.lines.isEmpty || batch.hasMore { return batch }
        }
        return begin(path, machine, digest)
    }

    private func begin(_ path: String, _ machine: any WatchedMachine, _ digest: any Digest) -> Batch {
        guard let mark = machine.file(path) else { return Batch(tail: self) }
        let place = Place(device: mark.device, number: mark.number, offset: 0, head: "")
        return read(path, place, machine, digest, isWhole: false)
    }

    /// The path that the file has now.
    private func rotated(
        _ place: Place, _ path: String, _ machine: any WatchedMachine, _ digest: any Digest
    ) -> String? {
        machine.siblings(of: path).first { sibling, mark in
            place.isSame(mark) && place.stillFits(sibling, mark, machine, digest)
        }?.key
    }

    /// - Parameter isWhole: whether nothing will be added, so that the last line needs no end.
    private func read(
        _ path: String, _ place: Place, _ machine: any WatchedMachine, _ digest: any Digest, isWhole: Bool
    ) -> Batch {
        guard let (mark, bytes) = machine.read(path, from: place.offset, limit: Self.readBytes), place.isSame(mark),
            !bytes.isEmpty
        else { return Batch(tail: FileTail(place: place.head.isEmpty ? place.withHead(path, machine, digest) : place)) }
        var cutter = LineCutter(isSkipping: place.isSkipping)
        cutter.take(bytes[...], isLast: isWhole && bytes.count < Self.readBytes)
        var moved = place
        moved.offset += cutter.taken
        moved.isSkipping = cutter.isSkipping
        return Batch(
            lines: cutter.lines, tail: FileTail(place: moved.withHead(path, machine, digest)),
            hasMore: cutter.taken > 0 && (cutter.taken < bytes.count || bytes.count == Self.readBytes))
    }

    fileprivate static let newline = UInt8(ascii: "\n")
}

/// Cuts bytes into lines; of one that is too long the beginning is told and the rest passed over.
private struct LineCutter {
    var isSkipping: Bool
    private(set) var lines: [String] = []
    private(set) var taken = 0

    init(isSkipping: Bool) { self.isSkipping = isSkipping }

    mutating func take(_ bytes: ArraySlice<UInt8>, isLast: Bool) {
        var rest = bytes
        while !rest.isEmpty, lines.count < FileTail.mostLines {
            let end = rest.firstIndex(of: FileTail.newline)
            let line = rest[rest.startIndex..<(end ?? rest.endIndex)]
            if end == nil, !isSkipping, !isLast, line.count <= FileTail.longestLine { return }
            if !isSkipping { lines.append(text(line)) }
            isSkipping = end == nil && !isLast
            let used = line.count + (end == nil ? 0 : 1)
            taken += used
            rest = rest.dropFirst(used)
        }
    }

    /// Without blanks around it, as StackStorm tells it; bytes that are no text are marked.
    private func text(_ line: ArraySlice<UInt8>) -> String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        var line = line.prefix(FileTail.longestLine).drop(while: isBlank)
        while let last = line.last, isBlank(last) { line.removeLast() }
        return String(decoding: line, as: UTF8.self)
    }
}

extension FileTail.Place {
    fileprivate func isSame(_ mark: FileMark) -> Bool { device == mark.device && number == mark.number }

    /// Whether the file is what it was, only longer: not emptied, and no other that took over the number.
    fileprivate func stillFits(
        _ path: String, _ mark: FileMark, _ machine: any WatchedMachine, _ digest: any Digest
    ) -> Bool {
        guard mark.size >= offset else { return false }
        return head == withHead(path, machine, digest).head
    }

    fileprivate func withHead(_ path: String, _ machine: any WatchedMachine, _ digest: any Digest) -> Self {
        var place = self
        let bytes = machine.read(path, from: 0, limit: min(offset, FileTail.headBytes))?.bytes ?? []
        place.head = String(digest.sha256(bytes).prefix(16))
        return place
    }
}

extension FileTail {
    /// As it is remembered over restarts.
    var document: Value {
        guard let place else { return [:] }
        return [
            "device": .integer(place.device), "number": .integer(place.number), "offset": .integer(place.offset),
            "skipping": .bool(place.isSkipping), "head": .string(place.head),
        ]
    }

    /// A tail that was remembered.
    init(document: Value) {
        guard let device = document["device"]?.integer, let number = document["number"]?.integer,
            let offset = document["offset"]?.integer
        else {
            self.init(place: nil)
            return
        }
        self.init(
            place: Place(
                device: device, number: number, offset: offset, isSkipping: document["skipping"]?.bool ?? false,
                head: document["head"]?.string ?? ""))
    }
}
