using System.Security.Cryptography;
using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;
using Registry.Bench.Wire.Tls;
using Registry.Core.Oci;

namespace Registry.Bench.Targets;

/// <summary>P4, P5 and P12: small requests on many connections, beside bare Kestrel and nginx.</summary>
internal static class SmallRequests
{
    private const string Repository = "bench/small";
    private const string Tag = "latest";

    /// <summary>P4: GET of a manifest by tag and by digest, and HEAD.</summary>
    public static void RunManifests(TargetRun run)
    {
        const string Target = "P4";
        var field = run.Plain;
        var manifests = field.Registries.ToDictionary(registry => registry.Name, registry =>
        {
            using var connection = new HttpConnection(registry.Address);
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
            Measure(run, Target, name, [.. field.Registries, field.Kestrel!], contestant => new RequestLoop(
                contestant.Address, method, $"/v2/{Repository}/manifests/{reference(contestant)}", MediaTypes.OciManifest, TargetRun.Connections));
            run.Board.Compare(Target, name, Metric.Rate, field.Distribution, Bound.AtLeast(8));
            run.Board.Compare(Target, name, Metric.Rate, field.Kestrel, Bound.AtLeast(0.9));
        }
    }

    /// <summary>P5: GET of a blob of 4 KiB.</summary>
    public static void RunBlobs(TargetRun run)
    {
        const string Target = "P5";
        var work = $"GET blob of 4 KiB, {TargetRun.Connections} connections";
        MeasureBlob(run, run.Plain, Target, work);
        run.Board.Compare(Target, work, Metric.Rate, run.Plain.Distribution, Bound.AtLeast(40));
        run.Board.Compare(Target, work, Metric.Rate, run.Plain.Nginx, Bound.AtLeast(1));
    }

    /// <summary>P12: GET of a blob of 4 KiB on connections over TLS that exist, and on new ones, with a full handshake and with a resumed session.</summary>
    public static void RunOverTls(TargetRun run)
    {
        const string Target = "P12";
        var field = run.Secure;
        var work = $"GET blob of 4 KiB over TLS, {TargetRun.Connections} connections";
        var digest = MeasureBlob(run, field, Target, work);
        const string Full = "handshake and one request";
        const string Resumed = "resumed handshake and one request";
        var resumed = new Dictionary<string, string>();
        run.Interleave(
            WithNginx(field),
            (contestant, round) => run.Measure(Target, Full, contestant, round, Unit.Handshakes, () =>
                Handshakes.Run(contestant.Address, PathAt(contestant, digest), resumes: false, run.Options.SampleTime).All),
            (contestant, round) => run.Measure(Target, Resumed, contestant, round, Unit.Handshakes, () =>
            {
                var result = Handshakes.Run(contestant.Address, PathAt(contestant, digest), resumes: true, run.Options.SampleTime);
                resumed[contestant.Name] = $"{contestant.Name} {100.0 * result.Resumed / result.All:0} %";
                return result.All;
            }));
        run.Board.Compare(Target, work, Metric.Rate, field.Nginx, Bound.AtLeast(0.8));
        run.Board.Compare(Target, Full, Metric.Rate, field.Nginx, Bound.AtLeast(0.5));
        run.Board.Compare(Target, Resumed, Metric.Rate, field.Nginx, Bound.AtLeast(0.5));
        run.Board.NotMeasured(Target, "handshakes that resumed the offered session", "none", string.Join(", ", resumed.Values));
    }

    // Returns the digest of the blob.
    private static string MeasureBlob(TargetRun run, Field field, string target, string work)
    {
        var bytes = RandomNumberGenerator.GetBytes(SmallImages.LayerSize);
        var digest = DigestAlgorithm.Sha256.Compute(bytes).ToString();
        foreach (var registry in field.Registries)
        {
            using var connection = new HttpConnection(registry.Address);
            SmallImages.PushBlob(connection, Repository, bytes);
        }

        Measure(run, target, work, WithNginx(field), contestant =>
            new RequestLoop(contestant.Address, "GET", PathAt(contestant, digest), "*/*", TargetRun.Connections));
        return digest;
    }

    private static List<Contestant> WithNginx(Field field) => field.Nginx is { } nginx ? [.. field.Registries, nginx] : [.. field.Registries];

    private static string PathAt(Contestant contestant, string digest) =>
        contestant.Name == NginxServer.Name ? NginxServer.BlobPath(digest) : $"/v2/{Repository}/blobs/{digest}";

    private static void Measure(TargetRun run, string target, string work, List<Contestant> contestants, Func<Contestant, RequestLoop> connect)
    {
        var loops = new Dictionary<Contestant, RequestLoop>();
        try
        {
            foreach (var contestant in contestants)
            {
                // Requests follow at once: olareg closes a new connection without any after 5 seconds.
                loops[contestant] = connect(contestant);
                loops[contestant].Run(run.Options.SampleTime);
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
