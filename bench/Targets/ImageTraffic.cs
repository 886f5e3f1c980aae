using Registry.Bench.Reports;
using Registry.Bench.Wire;

namespace Registry.Bench.Targets;

/// <summary>P6: small images, several at once.</summary>
internal static class ImageTraffic
{
    private const string Target = "P6";
    private const int AtOnce = 8;

    public static void Run(TargetRun run)
    {
        var push = $"push small images, {AtOnce} at once";
        var pull = $"pull small images, {AtOnce} at once";
        var pushed = run.Options.Images(isFast: false);
        var pulled = run.Options.Images(isFast: true);
        foreach (var registry in run.Field.Registries)
        {
            var images = new SmallImages(registry.Endpoint);
            images.Push("bench/warm", pushed, AtOnce);
            images.Pull("bench/warm", pulled, pushed, AtOnce);
        }

        run.Interleave(
            run.Field.Registries,
            (registry, round) => run.Measure(Target, push, registry, round, Unit.Images, () =>
            {
                new SmallImages(registry.Endpoint).Push($"bench/images/{round}", pushed, AtOnce);
                return pushed;
            }),
            (registry, round) => run.Measure(Target, pull, registry, round, Unit.Images, () =>
            {
                new SmallImages(registry.Endpoint).Pull($"bench/images/{round}", pulled, pushed, AtOnce);
                return pulled;
            }));
        run.Board.Compare(Target, push, Metric.Rate, run.Field.Distribution, Bound.AtLeast(5));
        run.Board.Compare(Target, pull, Metric.Rate, run.Field.Distribution, Bound.AtLeast(8));
    }
}
