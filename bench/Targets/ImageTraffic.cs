using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>P6: small images, several at once.</summary>
internal static class ImageTraffic
{
    private const string Target = "P6";
    private const int AtOnce = 8;
    private const int CountedImages = 40;
    private static readonly string[] Syncs = ["fsync", "fdatasync", "syncfs", "sync_file_range", "msync"];

    public static void Run(TargetRun run)
    {
        var push = $"push small images, {AtOnce} at once";
        var pull = $"pull small images, {AtOnce} at once";
        var pushed = run.Options.Images(isFast: false);
        var pulled = run.Options.Images(isFast: true);
        foreach (var registry in run.Plain.Registries)
        {
            var images = new SmallImages(registry.Address);
            images.Push("bench/warm", pushed, AtOnce);
            images.Pull("bench/warm", pulled, pushed, AtOnce);
        }

        run.Interleave(
            run.Plain.Registries,
            (registry, round) => run.Measure(Target, push, registry, round, Unit.Images, () =>
            {
                new SmallImages(registry.Address).Push($"bench/images/{round}", pushed, AtOnce);
                return pushed;
            }),
            (registry, round) => run.Measure(Target, pull, registry, round, Unit.Images, () =>
            {
                new SmallImages(registry.Address).Pull($"bench/images/{round}", pulled, pushed, AtOnce);
                return pulled;
            }));
        run.Board.Compare(Target, push, Metric.Rate, run.Plain.Distribution, Bound.AtLeast(8));
        run.Board.Compare(Target, pull, Metric.Rate, run.Plain.Distribution, Bound.AtLeast(15));
        CountSyncs(run);
    }

    private static void CountSyncs(TargetRun run)
    {
        const string Work = "syncs of an image, pushed 8 at once";
        if (!SystemCallCount.IsAvailable)
        {
            run.Board.NotMeasured(Target, Work, "≤ 4", "strace is not installed (apt-get install strace)");
            return;
        }

        var images = new SmallImages(run.Plain.Ours.Address);
        var syncs = SystemCallCount.Of(run.Plain.Ours.Id, Syncs, () => images.Push("bench/images/counted", CountedImages, AtOnce));
        run.Board.Limit(Target, Work, syncs / (double)CountedImages, Bound.AtMost(4, string.Empty));
    }
}
