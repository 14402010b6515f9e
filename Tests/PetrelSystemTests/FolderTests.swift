import PetrelCore
import Testing

@testable import PetrelSystem

@Suite("Folders")
struct FolderTests {
    let folder = TemporaryFolder()

    @Test("the lock of a folder is had once, and the refusal names its holder")
    func lock() throws {
        let now = Instant(microseconds: 1_700_000_000_000_000)
        var first: FolderLock? = try FolderLock(folder: folder.path, now: now)
        #expect(first != nil)
        let refusal = #expect(throws: SystemError.self) { try FolderLock(folder: folder.path, now: now) }
        #expect(refusal?.code == .locked)
        #expect(
            refusal?.message.contains("process \(contents(folder.path + "/lock")?.split(separator: "\n")[0] ?? "")")
                ?? false)
        #expect(refusal?.message.contains("started 2023-11-14T22:13:20") ?? false)
        first = nil
        _ = try FolderLock(folder: folder.path, now: now)
        #expect(contents(folder.path + "/lock") != nil)
    }

    @Test("a lock in a folder that is not there says what to do")
    func lockNowhere() {
        let refusal = #expect(throws: SystemError.self) {
            try FolderLock(folder: folder.path + "/none", now: Instant(microseconds: 0))
        }
        #expect(refusal?.code == .fileFailed && refusal?.hint != nil)
    }

    @Test("a change in a folder, in a new folder below and in one that comes late is told", arguments: [false, true])
    func watch(pollsOnly: Bool) async {
        let late = folder.path + "/late"
        makeFolder(folder.path + "/packs")
        let watch = FolderWatch(folders: [folder.path + "/packs", late], maxWatches: 100, pollsOnly: pollsOnly)
        #expect(watch.isPolling == pollsOnly)
        var changes = watch.changes.makeAsyncIterator()
        write("1", to: folder.path + "/packs/a.yaml")
        #expect(await changes.next() != nil)
        makeFolder(folder.path + "/packs/new")
        #expect(await changes.next() != nil)
        write("2", to: folder.path + "/packs/new/b.yaml")
        #expect(await changes.next() != nil)
        makeFolder(late)
        #expect(await changes.next() != nil)
        write("3", to: late + "/c.yaml")
        #expect(await changes.next() != nil)
    }

    @Test("a folder that is swapped for another one stays watched")
    func swap() async {
        makeFolder(folder.path + "/packs")
        makeFolder(folder.path + "/next")
        let watch = FolderWatch(folders: [folder.path + "/packs"])
        var changes = watch.changes.makeAsyncIterator()
        move(folder.path + "/packs", to: folder.path + "/old")
        move(folder.path + "/next", to: folder.path + "/packs")
        #expect(await changes.next() != nil)
        write("1", to: folder.path + "/packs/a.yaml")
        #expect(await changes.next() != nil)
    }

    @Test("with more folders than watches the folders are compared instead")
    func tooMany() {
        for name in 0..<5 { makeFolder(folder.path + "/\(name)") }
        #expect(FolderWatch(folders: [folder.path], maxWatches: 3).isPolling)
        #expect(!FolderWatch(folders: [folder.path], maxWatches: 6).isPolling)
    }

    @Test("a watch that is released ends its stream")
    func release() async {
        var watch: FolderWatch? = FolderWatch(folders: [folder.path])
        let changes = watch?.changes
        watch = nil
        while let changes, await changes.first(where: { _ in true }) != nil {}
    }
}
