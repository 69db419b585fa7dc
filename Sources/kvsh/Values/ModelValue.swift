import Lang

/// The model in use: the value of `model`; type `model`.
struct ModelValue: LangObject {
  let name: String
  let path: String
  let facts: Record

  var typeName: String { "model" }
  var display: String { ([name] + zip(facts.keys, facts.values).map { "  \($0): \($1.text)" }).joined(separator: "\n") }
  func isEqual(to other: any LangObject) -> Bool { (other as? ModelValue)?.path == path }
  var fieldNames: [String] { ["name", "path"] + facts.keys }

  func field(_ name: String) -> Value? {
    switch name {
    case "name": .string(self.name)
    case "path": .string(path)
    default: facts[name]
    }
  }
}
