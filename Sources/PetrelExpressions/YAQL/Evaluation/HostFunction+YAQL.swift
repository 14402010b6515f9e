import PetrelCore

extension HostFunction {
    /// Where the value of a parameter comes from.
    enum Source {
        case positional(Int)
        case named(Int)
        case fallback(Value)
    }

    /// How the arguments of a call fill the parameters; nil when they don't fit.
    func sources(count: Int, isMissing: (Int) -> Bool, names: [String]) -> [Source]? {
        guard count <= parameters.count else { return nil }
        var sources: [Source] = []
        var used = 0
        for (at, parameter) in parameters.enumerated() {
            let named = names.firstIndex(of: Self.camelCase(parameter.name))
            if at < count, !isMissing(at) {
                if named != nil { return nil }
                sources.append(.positional(at))
            } else if let named {
                if at < count { return nil }
                used += 1
                sources.append(.named(named))
            } else {
                guard let fallback = parameter.fallback else { return nil }
                sources.append(.fallback(fallback))
            }
        }
        return used == names.count ? sources : nil
    }

    /// YAQL's names of parameters: `sort_keys` is `sortKeys`.
    static func camelCase(_ name: String) -> String {
        guard name.utf8.contains(UInt8(ascii: "_")) else { return name }
        var result = ""
        var isBreak = false
        for scalar in YAQLCall.lookupName(name).unicodeScalars {
            if scalar == "_", !isBreak, !result.isEmpty {
                isBreak = true
                continue
            }
            result += isBreak ? scalar.properties.uppercaseMapping : String(scalar)
            isBreak = false
        }
        return result
    }
}
