public import PetrelCore

/// The execution that leads to an event, by its end or by what it does, and the trace that goes on.
public struct EventCause: Sendable, Hashable {
    /// The execution.
    public var execution: ExecutionID
    /// Its trace.
    public var trace: TraceTag
    /// Where it came from: what it leads to carries its data.
    public var origin: Origin
    /// How many events led to what it leads to, one through the other.
    public var depth: Int

    /// What an execution gives to the events that it leads to.
    public init(_ execution: Execution) {
        self.execution = execution.id
        origin = execution.origin
        let context = execution.context["trace_context"]
        trace = TraceTag(
            id: context?["id_"]?.string ?? execution.id.text,
            tag: context?["trace_tag"]?.string ?? TraceTag.standard(for: execution.id))
        depth = (execution.context["petrel"]?["depth"]?.integer ?? 0) + 1
    }

    /// The context of an execution that this leads to.
    public var context: ValueObject {
        Self.context(of: trace).merging(["petrel": ["depth": .integer(depth)]]) { _, last in last }
    }

    /// The context of an execution that goes on a trace.
    public static func context(of trace: TraceTag) -> ValueObject { ["trace_context": trace.context] }
}

extension TraceTag {
    /// What the trace of an execution is called that nobody caused.
    static func standard(for execution: ExecutionID) -> String { "execution-\(execution)" }

    /// The trace as executions carry it in their context.
    var context: Value { ["id_": .string(id), "trace_tag": .string(tag)] }
}
