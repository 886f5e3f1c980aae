using Registry.Testing.Workloads;

namespace Registry.Server.Tests.Load;

/// <summary>A few iterations of each workload of the load tests: they do what they describe, and succeed.</summary>
public class WorkloadTests
{
    private const int Iterations = 4;

    public static TheoryData<string> Names => new(Workload.CreateAll().Select(workload => workload.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_iteration_of_a_workload_succeeds(string name)
    {
        await using var registry = await TestRegistry.StartAsync();
        var workload = Workload.CreateAll().Single(workload => workload.Name == name);
        await workload.PrepareAsync(registry.Client);
        var result = await WorkloadDriver.RunAsync(workload, registry.Client, workload.Users, TimeSpan.FromMinutes(5), Iterations);
        Assert.Empty(result.Failures);
        Assert.Equal(workload.Users * Iterations, result.Milliseconds.Count);
        Assert.NotEqual(0, result.Bytes);
    }

    [Fact]
    public async Task A_wrong_answer_is_a_failure_and_not_the_end()
    {
        await using var registry = await TestRegistry.StartAsync();
        var unprepared = new PullImage();
        var result = await WorkloadDriver.RunAsync(unprepared, registry.Client, 2, TimeSpan.FromMinutes(5), Iterations);
        Assert.Equal(2 * Iterations, result.Failures.Count);
        Assert.All(result.Failures, failure => Assert.Contains("404", failure, StringComparison.Ordinal));
    }
}
