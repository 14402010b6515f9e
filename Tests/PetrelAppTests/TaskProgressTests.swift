import PetrelCore
import Testing

@testable import PetrelApp

@Suite("Lines about a workflow's tasks")
struct TaskProgressTests {
    private func child(_ id: String, _ task: String, _ status: String, item: Int? = nil) -> Value {
        var orquesta: ValueObject = ["task_name": .string(task)]
        if let item { orquesta["item_id"] = .integer(item) }
        return ["id": .string(id), "status": .string(status), "context": ["orquesta": .object(orquesta)]]
    }

    @Test("each start and each end is told once, a question too, with the place of an item")
    func lines() {
        var progress = TaskProgress()
        #expect(progress.lines(of: [child("1", "one", "running")]) == ["Child execution (task=one) 1 has started."])
        #expect(progress.lines(of: [child("1", "one", "running")]).isEmpty)
        let next = progress.lines(of: [child("1", "one", "succeeded"), child("2", "ask", "pending", item: 3)])
        #expect(
            next == [
                "Child execution (task=one) 1 has finished (status=succeeded).",
                "Child execution (task=ask[3]) 2 has started.", "Child execution (task=ask[3]) 2 is pending.",
            ])
        #expect(
            progress.lines(of: [child("1", "one", "succeeded"), child("2", "ask", "failed", item: 3)])
                == ["Child execution (task=ask[3]) 2 has finished (status=failed)."])
    }
}
