using Registry.Bench.Micro;
using Registry.Bench.Reports;

namespace Registry.Bench.Targets;

/// <summary>P9: allocations of routing. Tests enforce the budgets of whole requests.</summary>
internal static class Routing
{
    private const int Requests = 100_000;

    public static void Run(TargetRun run)
    {
        var router = new RouterBenchmarks();
        var most = RouterBenchmarks.Paths.Max(path =>
        {
            router.Path = path;
            router.Match();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Requests; i++)
            {
                router.Match();
            }

            return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Requests;
        });
        run.Board.Limit("P9", "allocated by routing, the most of all kinds of paths", most, Bound.AtMost(0, " B"));
    }
}
