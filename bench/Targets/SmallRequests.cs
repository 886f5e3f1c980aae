using System.Security.Cryptography;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Core.Oci;

namespace Registry.Bench.Targets;

/// <summary>P4 and P5: small requests on many connections, beside bare Kestrel and nginx.</summary>
internal static class SmallRequests
{
    private const string Repository = "bench/small";
    private const string Tag = "latest";

    /// <summary>P4: GET of a manifest by tag and by digest, and HEAD.</summary>
    public static void RunManifests(TargetRun run)
    {
        const string Target = "P4";
        var manifests = run.Field.Registries.ToDictionary(registry => registry.Name, registry =>
        {
            using var connection = new HttpConnection(registry.Endpoint);
            return SmallImages.Push(connection, Repository, Tag).Manifest;
        });
        foreach (var (method, work, reference) in new (string, string, Func<Contestant, string>)[]
        {
            ("GET", "GET manifest by tag", _ => Tag),
            ("GET", "GET manifest by digest", registry => manifests.GetValueOrDefault(registry.Name, Tag)),
            ("HEAD", "HEAD manifest by tag", _ => Tag),
        })
        {
            var name = $"{work}, {TargetRun.Connections} connections";
            Measure(run, Target, name, [.. run.Field.Registries, run.Field.Kestrel], contestant => new RequestLoop(
                contestant.Endpoint, method, $"/v2/{Repository}/manifests/{reference(contestant)}", MediaTypes.OciManifest, TargetRun.Connections));
            run.Board.Compare(Target, name, Metric.Rate, run.Field.Distribution, Bound.AtLeast(6));
            run.Board.Compare(Target, name, Metric.Rate, run.Field.Kestrel, Bound.AtLeast(0.8));
        }
    }

    /// <summary>P5: GET of a blob of 4 KiB.</summary>
    public static void RunBlobs(TargetRun run)
    {
        const string Target = "P5";
        var work = $"GET blob of 4 KiB, {TargetRun.Connections} connections";
        var bytes = RandomNumberGenerator.GetBytes(SmallImages.LayerSize);
        var digest = DigestAlgorithm.Sha256.Compute(bytes).ToString();
        foreach (var registry in run.Field.Registries)
        {
            using var connection = new HttpConnection(registry.Endpoint);
            SmallImages.PushBlob(connection, Repository, bytes);
        }

        List<Contestant> contestants = [.. run.Field.Registries];
        if (run.Field.Nginx is { } nginx)
        {
            contestants.Add(nginx);
        }

        Measure(run, Target, work, contestants, contestant => new RequestLoop(
            contestant.Endpoint,
            "GET",
            contestant.Name == NginxServer.Name ? NginxServer.BlobPath(digest) : $"/v2/{Repository}/blobs/{digest}",
            "*/*",
            TargetRun.Connections));
        run.Board.Compare(Target, work, Metric.Rate, run.Field.Distribution, Bound.AtLeast(20));
        run.Board.Compare(Target, work, Metric.Rate, run.Field.Nginx, Bound.AtLeast(0.8));
    }

    private static void Measure(TargetRun run, string target, string work, List<Contestant> contestants, Func<Contestant, RequestLoop> connect)
    {
        var loops = contestants.ToDictionary(contestant => contestant, connect);
        try
        {
            foreach (var loop in loops.Values)
            {
                loop.Run(run.Options.SampleTime);
            }

            run.Interleave(contestants, (contestant, round) => run.Measure(target, work, contestant, round, loops[contestant]));
        }
        finally
        {
            foreach (var loop in loops.Values)
            {
                loop.Dispose();
            }
        }
    }
}
