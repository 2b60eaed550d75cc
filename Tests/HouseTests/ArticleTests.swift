// What an article shows as code is code that is compiled and run.
import Foundation
import Testing

@Suite("Articles") struct ArticleTests {
    @Test(
        "the examples of embedding.md stand there word for word as the tests compile them",
        arguments: ["EmbeddingExample", "CompressorExample"]
    )
    func embedding(name: String) throws {
        let article = try SourceTree.text("Sources/Store/Store.docc/embedding.md")
        let example = try SourceTree.text("Tests/StoreTests/\(name).swift")
        #expect(article.contains("```swift\n\(example)```"), "\(name).swift is not in the article")
    }
}
