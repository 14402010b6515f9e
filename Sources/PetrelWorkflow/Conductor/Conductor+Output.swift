import PetrelCore

extension Conductor {
    /// Renders the workflow's output, once, when it has ended.
    ///
    /// An entry that can't be evaluated is left out and is among the ``errors``; a workflow that had not been stopped
    /// is failed by that.
    public mutating func renderOutput() {
        guard status.isCompleted, state.output == nil else { return }
        var scene = scene(terminalContext, nil)
        var output = ValueObject()
        var isSound = true
        for assignment in definition.output {
            do {
                let value = try evaluate(assignment.template, scene)
                scene.values[assignment.name] = value
                output[assignment.name] = value
            } catch {
                note(LogEntry(Self.text(of: error)))
                isSound = false
            }
        }
        state.output = output
        if !isSound { fail() }
    }

    /// What the last tasks saw, merged in the order in which they were started.
    private var terminalContext: ValueObject {
        mutating get {
            let scopes = state.sequence.filter(\.isTerminal).flatMap(\.scopes)
            return scopes.isEmpty ? [:] : context(of: scopes)
        }
    }
}
