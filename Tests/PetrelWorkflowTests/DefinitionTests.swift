import PetrelCore
import PetrelWorkflow
import Testing

@Suite("Workflow definition")
struct DefinitionTests {
    @Test("a duplicate key is refused with its name and place")
    func duplicateKey() throws {
        let text = "version: 1.0\ntasks:\n  a: {action: core.noop}\n  a: {action: core.noop}\n"
        let error = #expect(throws: WorkflowError.self) { _ = try WorkflowDefinition(text, file: "w.yaml") }
        #expect(error?.message == "Failed to load workflow definition because found duplicate key \"a\".")
        #expect(error?.location?.line == 4)
    }
}
