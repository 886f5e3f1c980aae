using System.Globalization;
using Registry.Bench.Reports;
using Registry.Bench.Scale;

namespace Registry.Bench.Targets;

/// <summary>P8: cost of requests to a large registry. The benchmark <c>scale</c> prints all figures.</summary>
internal static class Scale
{
    private const string Target = "P8";
    private const string Milliseconds = " ms";

    public static async Task RunAsync(TargetRun run)
    {
        var figures = await ScaleLoad.MeasureFiguresAsync(run.Program, run.Options.IsQuick);
        var size = run.Options.IsQuick ? "11,000 manifests" : "a million manifests";
        run.Board.Limit(Target, $"start to the first page of tags, {size}", figures.ReadyMilliseconds, Bound.AtMost(200, Milliseconds));
        foreach (var name in new[] { "tags, first page", "catalog, first page", "catalog of a user who may see three" })
        {
            run.Board.Limit(Target, $"{name}, {size}: p99", figures.P99(name), Bound.AtMost(5, Milliseconds));
        }

        // The target is stated in words: the time depends on the references, and not on what is stored.
        run.Board.NotMeasured(
            Target,
            $"delete by digest, {size}: p99",
            "O(references)",
            string.Create(CultureInfo.InvariantCulture, $"{figures.P99("delete by digest, 1 tag, 3 layers"):0.0} ms with 3 layers, {figures.P99("delete by digest, 20 layers"):0.0} ms with 20"));
    }
}
