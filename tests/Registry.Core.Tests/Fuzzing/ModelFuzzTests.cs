using System.Diagnostics;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>
/// What the registry answers is what it has promised, whatever is done in whatever order. FUZZ_OPERATIONS, FUZZ_SEED and FUZZ_SEEDS make it
/// longer or repeat a run (<see cref="FuzzSettings"/>).
/// </summary>
public class ModelFuzzTests(ITestOutputHelper output)
{
    private const int CompareEvery = 100;

    [Fact]
    public async Task Random_operations_are_answered_as_the_model_answers_them()
    {
        var operations = FuzzSettings.Operations(2000);
        foreach (var seed in FuzzSettings.Seeds(3))
        {
            var started = Stopwatch.GetTimestamp();
            await RunAsync(seed, operations);
            output.WriteLine($"seed {seed}: {operations} operations, {operations / Stopwatch.GetElapsedTime(started).TotalSeconds:0}/s");
        }
    }

    private static async Task RunAsync(int seed, int operations)
    {
        await using var fuzzer = new ModelFuzzer(seed);
        try
        {
            await fuzzer.RunAsync(operations, CompareEvery);
        }
        catch (ModelViolationException)
        {
            // The last comparison before has found nothing, so the shortest run that shows it ends after that one.
            var shortest = fuzzer.Count;
            await using var again = new ModelFuzzer(seed);
            try
            {
                await again.RunAsync(shortest, CompareEvery, alwaysFrom: shortest - CompareEvery);
            }
            catch (ModelViolationException violation)
            {
                Assert.Fail($"FUZZ_SEED={seed} FUZZ_SEEDS=1 FUZZ_OPERATIONS={again.Count} shows it: {violation.Message}");
            }

            throw;
        }
    }
}
