// The machine's clocks beside each other.
import Platform
import Testing

@Suite("System clock") struct SystemClockTests {
    @Test("the recent time is no later than now, and a few ticks of the kernel ago at most")
    func recent() {
        let clock = SystemClock()
        for _ in 0..<1000 {
            let before = clock.nowMs()
            let recent = clock.recentMs()
            #expect(recent <= clock.nowMs())
            #expect(recent >= before - 100)
        }
    }
}
