using System.Diagnostics;
using Registry.Core.Tests.Fuzzing.Registries;

namespace Registry.Core.Tests.Fuzzing;

/// <summary>
/// What the registry answers is what it has promised, whatever is done in whatever order. FUZZ_OPERATIONS, FUZZ_SEED and FUZZ_SEEDS make it
/// longer or repeat a run (<see cref="FuzzSettings"/>): that on a data folder, or with FUZZ_STORAGE=nodes that on two nodes.
/// </summary>
public class ModelFuzzTests(ITestOutputHelper output, SharedDatabase databases, Gateway gateway) : IClassFixture<SharedDatabase>, IClassFixture<Gateway>
{
    private const int CompareEvery = 100;

    [Fact]
    public async Task Random_operations_are_answered_as_the_model_answers_them()
    {
        Assert.SkipWhen(FuzzSettings.OnNodes, "FUZZ_STORAGE=nodes runs the operations on nodes only.");
        await RunAsync(FuzzSettings.Seeds(3), FuzzSettings.Operations(2000), string.Empty, seed => new ModelFuzzer(seed, (references, trash) => new FuzzedFolder(references, trash)));
    }

    [Fact]
    public async Task Random_operations_on_two_nodes_are_answered_as_the_model_answers_them()
    {
        // Both are needed; one that is not installed skips the test.
        _ = (databases.Server, gateway.Ceph);
        var (seeds, operations) = FuzzSettings.OnNodes ? (FuzzSettings.Seeds(1), FuzzSettings.Operations(300)) : ([1], 300);
        await RunAsync(seeds, operations, "FUZZ_STORAGE=nodes ", seed => new ModelFuzzer(
            seed, (references, trash) => new FuzzedNodes(seed, references, trash, () => databases.CreateAsync(), gateway.NewSettings()), hasLargeBlobs: true));
    }

    private async Task RunAsync(IEnumerable<int> seeds, int operations, string storage, Func<int, ModelFuzzer> create)
    {
        foreach (var seed in seeds)
        {
            var started = Stopwatch.GetTimestamp();
            await RunAsync(seed, operations, storage, create);
            output.WriteLine($"seed {seed}: {operations} operations, {operations / Stopwatch.GetElapsedTime(started).TotalSeconds:0}/s");
        }
    }

    private static async Task RunAsync(int seed, int operations, string storage, Func<int, ModelFuzzer> create)
    {
        await using var fuzzer = create(seed);
        try
        {
            await fuzzer.RunAsync(operations, CompareEvery);
        }
        catch (ModelViolationException)
        {
            // The last comparison before has found nothing, so the shortest run that shows it ends after that one.
            var shortest = fuzzer.Count;
            await using var again = create(seed);
            try
            {
                await again.RunAsync(shortest, CompareEvery, alwaysFrom: shortest - CompareEvery);
            }
            catch (ModelViolationException violation)
            {
                Assert.Fail($"{storage}FUZZ_SEED={seed} FUZZ_SEEDS=1 FUZZ_OPERATIONS={again.Count} shows it: {violation.Message}");
            }

            throw;
        }
    }
}
