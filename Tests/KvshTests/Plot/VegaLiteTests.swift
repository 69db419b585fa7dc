import Foundation
import Testing

@testable import kvsh

@Suite("Plots as Vega-Lite")
struct VegaLiteTests {
  private func object(_ chart: Chart) throws -> [String: Any] {
    let data = Data(VegaLite().render(chart).utf8)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test("every chart is JSON with a schema and marks", arguments: PlotSamples.all.indices)
  func parses(index: Int) throws {
    let object = try object(PlotSamples.all[index])
    #expect(object["$schema"] as? String == "https://vega.github.io/schema/vega-lite/v5.json")
    #expect((object["layer"] ?? object["concat"]) is [Any])
  }

  @Test("bars keep their numbers, colours and axes")
  func bars() throws {
    let layers = try #require(try object(PlotSamples.histograms)["layer"] as? [[String: Any]])
    #expect(layers.count == 4)
    let values = try #require((layers[0]["data"] as? [String: Any])?["values"] as? [[String: Double]])
    #expect(values == [["x": 0, "x2": 10, "y": 1, "y2": 0], ["x": 10, "x2": 20, "y": 3, "y2": 0]])
    let encoding = try #require(layers[0]["encoding"] as? [String: [String: Any]])
    #expect(encoding["x"]?["title"] as? String == "D, %")
    #expect(encoding["color"]?["datum"] as? String == "kivi · n: 12")
    let scale = try #require(encoding["color"]?["scale"] as? [String: [String]])
    #expect(scale["domain"] == ["kivi · n: 12", "h2o · n: 7"])
    #expect(scale["range"] == ["#0072b2", "#d55e00"])
  }

  @Test("a logarithmic axis says so and its line breaks at zero")
  func logarithmic() throws {
    let layers = try #require(try object(PlotSamples.logarithmic)["layer"] as? [[String: Any]])
    #expect(layers.count == 2)
    let encoding = try #require(layers[0]["encoding"] as? [String: [String: Any]])
    #expect((encoding["y"]?["scale"] as? [String: Any])?["type"] as? String == "log")
  }

  @Test("panels become a concatenation over one domain")
  func panels() throws {
    let object = try object(PlotSamples.many)
    let panels = try #require(object["concat"] as? [[String: Any]])
    #expect(panels.count == 12)
    #expect(panels[3]["title"] as? String == "panel 3")
  }

  @Test("simulated storage is dashed and named, and equal names stay apart")
  func simulated() throws {
    let text = VegaLite().render(PlotSamples.hatched)
    #expect(text.contains("\"datum\":\"mask (simulated)\""))
    #expect(text.contains("\"strokeDash\":[6,3]"))
    var twins = PlotSamples.histograms
    twins.series[1] = twins.series[0]
    #expect(VegaLite().render(twins).contains("kivi · n: 12 (2)"))
  }

  @Test("numbers and strings survive the text")
  func text() throws {
    let value = VegaLite.Value.array([
      .number(0.1), .number(-3), .number(.nan), .number(1e300), .string("\"\\\n\u{1}\u{2028}é🙂"), .bool(true), .null,
    ])
    let parsed = try #require(
      try JSONSerialization.jsonObject(with: Data(value.json.utf8)) as? [Any])
    #expect(parsed[0] as? Double == 0.1)
    #expect(parsed[1] as? Int == -3)
    #expect(parsed[2] is NSNull)
    #expect(parsed[3] as? Double == 1e300)
    #expect(parsed[4] as? String == "\"\\\n\u{1}\u{2028}é🙂")
  }
}
