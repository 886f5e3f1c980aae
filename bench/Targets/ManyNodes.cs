using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;
using Registry.Core.Oci;

namespace Registry.Bench.Targets;

/// <summary>P14: nodes on PostgreSQL and S3, beside distribution on the same store.</summary>
internal static class ManyNodes
{
    private const string Target = "P14";
    private const string Repository = "bench/nodes";
    private const string Tag = "latest";
    private const int Pushers = 8;

    public static async Task RunAsync(TargetRun run)
    {
        if (NodesField.Missing is { } missing)
        {
            run.Board.NotMeasured(Target, "nodes on PostgreSQL and S3", "see the page", missing);
            return;
        }

        await using var field = await NodesField.StartAsync(run.Program, run.Options.Settings, run.Plain.DistributionProgram);
        StoreTraffic.Run(run, field);
        using (var source = new UploadSource(run.Options.StoredBlobSize))
        {
            RunLarge(run, field, source);
        }

        RunImages(run, field);
        RunManifests(run, field);
    }

    private static void RunLarge(TargetRun run, NodesField field, UploadSource source)
    {
        var size = Units.Binary(source.Size);
        var (put, get) = ($"PUT {size} to S3, one stream", $"GET {size} from S3, one stream");
        var pulled = LargePulls.Prepare(field.Registries, source);
        run.Interleave(
            field.Registries,
            (registry, round) => Measure(registry, round, put, connection =>
            {
                // No registry sees a blob twice.
                Uploads.Put(connection, Repository, source.Whole(round + 1));
                return source.Size;
            }),
            (registry, round) => Measure(registry, round, get, connection => connection.Discard(LargePulls.PathAt(registry, pulled))));
        run.Board.Compare(Target, put, Metric.Rate, field.Distribution, Bound.AtLeast(1.5));
        run.Board.Compare(Target, put, Metric.Cost, field.Distribution, Bound.AtMost(0.7));
        run.Board.Compare(Target, get, Metric.Rate, field.Distribution, Bound.AtLeast(1));
        run.Board.Compare(Target, get, Metric.Cost, field.Distribution, Bound.AtMost(1));

        void Measure(Contestant registry, int round, string work, Func<HttpConnection, double> act)
        {
            using var connection = new HttpConnection(registry.Address);
            run.Measure(Target, work, registry, round, Unit.Bytes, () => act(connection));
        }
    }

    private static void RunImages(TargetRun run, NodesField field)
    {
        var work = $"push small images to PostgreSQL and S3, {Pushers} at once";
        var images = run.Options.Images(isFast: false);
        foreach (var registry in field.Registries)
        {
            new SmallImages(registry.Address).Push("bench/warm", images / 5, Pushers);
        }

        run.Interleave(field.Registries, (registry, round) => run.Measure(Target, work, registry, round, Unit.Images, () =>
        {
            new SmallImages(registry.Address).Push($"bench/images/{round}", images, Pushers);
            return images;
        }));
        run.Board.Compare(Target, work, Metric.Rate, field.Distribution, Bound.AtLeast(1.5));
    }

    // Beside distribution on a local disk, which is nearer than any store. Client and both nodes share the processors of one machine.
    private static void RunManifests(TargetRun run, NodesField field)
    {
        var work = $"GET manifest by tag from a node, {TargetRun.Connections} connections";
        var both = $"GET manifest by tag from two nodes, {TargetRun.Connections / 2} connections to each";
        var local = run.Plain.Distribution;
        List<Contestant> contestants = local is null ? [field.Node] : [field.Node, local];
        foreach (var contestant in contestants)
        {
            using var connection = new HttpConnection(contestant.Address);
            SmallImages.Push(connection, Repository, Tag);
        }

        run.Interleave(contestants, (contestant, round) =>
        {
            using var loop = Loop(contestant, TargetRun.Connections);
            run.Measure(Target, work, contestant, round, loop);
        });
        run.Interleave([field.Node], (node, round) =>
        {
            using var first = Loop(node, TargetRun.Connections / 2);
            using var second = Loop(field.SecondNode, TargetRun.Connections / 2);
            run.Measure(Target, both, node, round, Unit.Requests, () =>
            {
                var results = new LoopResult[2];
                AtOnce.Run(2, i => results[i] = (i == 0 ? first : second).Run(run.Options.SampleTime));
                return results.Sum(result => result.Requests);
            });
        });
        run.Board.Compare(Target, work, Metric.Rate, local, Bound.AtLeast(1));

        static RequestLoop Loop(Contestant contestant, int connections) =>
            new(contestant.Address, "GET", $"/v2/{Repository}/manifests/{Tag}", MediaTypes.OciManifest, connections);
    }
}
