using Registry.Bench.Peers;
using Registry.Bench.Reports;
using Registry.Bench.Wire;
using Registry.Bench.Wire.Http;
using Registry.Core.Oci;

namespace Registry.Bench.Targets;

/// <summary>P14: requests to the S3 store for what clients do, beside those of distribution.</summary>
internal static class StoreTraffic
{
    private const string Target = "P14";
    private const string Repository = "bench/counted";
    private const int KiB = 1024;
    private const int MiB = 1024 * KiB;
    private const int Tags = 100;

    // Layers that fit in a part are one request each, and the large one is its parts, of 16 MiB, and two.
    private const int LargestPush = 4 + 9;

    public static void Run(TargetRun run, NodesField field)
    {
        var image = new LayeredImage(64 * KiB, MiB, 3 * MiB, 4 * MiB, 100 * MiB);
        var further = new LayeredImage(4 * KiB);

        // What has no limit prepares the next work.
        (string Work, int? Limit, Action<HttpConnection> Do)[] works =
        [
            ("push an image of 5 layers, 108 MiB", LargestPush, connection => image.Push(connection, Repository, "first", isKnown: false)),
            ("push it again with another tag", 0, connection => image.Push(connection, Repository, "second", isKnown: true)),
            ("push an image of one layer of 4 KiB", 0, connection => further.Push(connection, Repository, "small", isKnown: false)),
            ("HEAD blob", 0, connection => connection.Exchange(200, "HEAD", $"/v2/{Repository}/blobs/{LayeredImage.DigestOf(image.Layers[1])}")),
            ("GET blob of 1 MiB", 1, connection => connection.Discard($"/v2/{Repository}/blobs/{LayeredImage.DigestOf(image.Layers[1])}")),
            ("HEAD manifest by tag", 0, connection => connection.Exchange(200, "HEAD", $"/v2/{Repository}/manifests/first", accept: MediaTypes.OciManifest)),
            ("GET manifest by tag", 0, connection => connection.Get($"/v2/{Repository}/manifests/first", MediaTypes.OciManifest)),
            ("GET manifest by digest", 0, connection => connection.Get($"/v2/{Repository}/manifests/{image.Digest}", MediaTypes.OciManifest)),
            ("pull the image", image.Layers.Count, connection => image.Pull(connection, Repository, "first")),
            ($"push it again with {Tags} tags", null, Tag),
            ($"list {Tags} tags", 0, connection => connection.Discard($"/v2/{Repository}/tags/list")),
            ("list the repositories", 0, connection => connection.Discard("/v2/_catalog")),
            ($"delete a manifest with {Tags} tags", 0, connection => connection.Exchange(202, "DELETE", $"/v2/{Repository}/manifests/{image.Digest}")),
        ];
        var ours = Count(field.CountedNode.Server, field.CountedNode.Store);
        var its = field.CountedDistribution is var (server, store) ? Count(server, store) : null;
        foreach (var (work, limit, _) in works)
        {
            if (limit is { } most)
            {
                run.Board.Count(Target, $"requests to S3: {work}", ours[work], field.Distribution?.Name, its?[work], Bound.AtMost(most, string.Empty));
            }
        }

        Dictionary<string, StoreRequests> Count(Contestant registry, StoreCounter counter)
        {
            var counts = new Dictionary<string, StoreRequests>(StringComparer.Ordinal);
            foreach (var (work, _, act) in works)
            {
                using var connection = new HttpConnection(registry.Address);
                counts[work] = counter.Count(() => act(connection));
            }

            return counts;
        }

        void Tag(HttpConnection connection)
        {
            for (var i = 0; i < Tags; i++)
            {
                image.Push(connection, Repository, $"t{i}", isKnown: true);
            }
        }
    }
}
