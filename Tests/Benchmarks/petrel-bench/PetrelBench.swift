import Foundation
import PetrelCore

/// Measures the small languages and answers what they give, for the programs in Tests/Harness.
///
/// Reads one JSON request a line (`load`, `measure`, `hostile`, `evaluate`) and answers each with one line; the other
/// side does the same work with the Python originals and alternates with this one.
@main
struct PetrelBench {
    static func main() {
        var bench = PetrelBench()
        while let line = readLine(strippingNewline: true) {
            let answer = bench.answer(line)
            FileHandle.standardOutput.write(Data(JSONWriter.bytes(answer) + [UInt8(ascii: "\n")]))
        }
    }

    private var rows: [String: Row] = [:]

    private mutating func answer(_ line: String) -> Value {
        do {
            let request = try JSONReader.value(line, limits: .ownDocument)
            switch request["op"]?.string {
            case "load":
                let data = try Data(contentsOf: URL(filePath: request["file"]?.string ?? ""))
                rows = try Row.all(JSONReader.value([UInt8](data), limits: .ownDocument))
                return .array(rows.keys.sorted().map(Value.string))
            case "measure":
                guard let row = rows[request["row"]?.string ?? ""] else { return ["error": "no such row"] }
                return row.measured(seconds: request["seconds"]?.number ?? 0.2)
            case "hostile": return HostileInput.measuredAll(request["inputs"]?.array ?? [])
            case "evaluate": return Evaluation.answer(request)
            default: return ["error": "op is load, measure, hostile or evaluate"]
            }
        } catch { return ["error": .string("\(error)")] }
    }
}
