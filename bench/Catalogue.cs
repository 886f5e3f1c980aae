using System.Text;
using BenchmarkDotNet.Running;
using Registry.Bench.Load;
using Registry.Bench.Micro;
using Registry.Bench.Mirror;
using Registry.Bench.Pages;
using Registry.Bench.Scale;
using Registry.Bench.Storage;
using Registry.Bench.Targets;

namespace Registry.Bench;

/// <summary>List of the benchmarks.</summary>
internal static class Catalogue
{
    public static readonly IReadOnlyList<Entry> Entries =
    [
        new("targets", "performance targets P1 to P14 of the published program, compared with distribution, nginx, bare Kestrel and others", "25 min; --quick 5 min", TargetsCommand.RunAsync),
        Micro<RouterBenchmarks>("router", "matching a path in the route table", "1 min"),
        Micro<NameBenchmarks>("names", "parsing repository names, tags and digests", "2 min"),
        Micro<ManifestReaderBenchmarks>("manifests", "reading a pushed manifest", "2 min"),
        Micro<DigestBenchmarks>("digests", "SHA-256 and SHA-512 of a layer, in pieces", "1 min"),
        Micro<CredentialBenchmarks>("credentials", "checking a remembered password, and a token", "1 min"),
        Micro<CommitBenchmarks>("commits", "durable changes of the metadata and beginnings of uploads, 1, 8 and 64 at once", "1 min"),
        new("uploads", "a large upload in the store, compared with hashing and writing alone; argument: size in MiB, 1024 by default", "2 min",
            arguments => UploadThroughput.RunAsync(arguments.FirstOrDefault())),
        new("small-images", "pushes and pulls of small images, 1, 8 and 64 at once; argument: ADDRESS:PORT of another registry", "30 s",
            arguments => SmallImageLoad.RunAsync(arguments.FirstOrDefault())),
        new("load", "workloads of the load tests; arguments: names, a URL, --seconds N", "1 min", WorkloadLoad.RunAsync),
        new("passwords", "requests with a remembered password, compared with requests without authentication, and during a flood of wrong passwords", "1 min",
            _ => AuthenticationLoad.RunAsync()),
        new("denial", "answers about what the rules hide, compared in time with those about what does not exist", "2 min", _ => DenialLoad.RunAsync()),
        new("feed", "the change feed: processor time that it adds to the metadata of a push; argument: postgres, for PostgreSQL instead of SQLite", "1 min",
            arguments => FeedLoad.RunAsync(arguments.FirstOrDefault())),
        new("scale", "requests to a registry with a million manifests, compared with ten thousand; needs 1 GiB in the temporary folder", "4 min",
            _ => ScaleLoad.RunAsync()),
        new("scale-nodes", "the same of a node on PostgreSQL and S3, which must be installed; needs 8 GiB in the temporary folder", "10 min", _ => ScaleLoad.RunOnNodesAsync()),
        new("sweep", "pulls while the collector removes blobs; argument: number of blobs, 100,000 by default", "3 min", arguments => SweepLoad.RunAsync(arguments.FirstOrDefault())),
        new("space", "pulls while the space of a million manifests is computed; argument: thousands of manifests, 999 by default", "3 min", arguments => SpaceLoad.RunAsync(arguments.FirstOrDefault())),
        new("pages", "pages and lists of the API at a million manifests against target P16, and pulls beside a page that shows live activity; argument: thousands of manifests, 999 by default", "10 min",
            arguments => PageLoad.RunAsync(arguments.FirstOrDefault())),
        new("mirror", "clients pull a cold layer through a mirror at once, behind a slow link, against target P15; arguments: size of the layer in MiB, 1,024 by default, and clients, 100", "5 min",
            arguments => MirrorLoad.RunAsync(arguments.ElementAtOrDefault(0), arguments.ElementAtOrDefault(1))),
        new("scale-tree", "first start on a tree of 20,000 manifests without a database", "2 min", _ => TreeLoad.RunAsync()),
    ];

    public static string Describe()
    {
        var text = new StringBuilder("Usage: dotnet run -c Release --project bench -- <name> [arguments]\n\n");
        foreach (var entry in Entries)
        {
            text.Append($"  {entry.Name,-13} {entry.Subject} (about {entry.Duration})\n");
        }

        return text.Append($"  {"all",-13} all of these except targets\n").ToString();
    }

    private static Entry Micro<T>(string name, string subject, string duration) => new(name, subject, duration, arguments =>
    {
        BenchmarkSwitcher.FromTypes([typeof(T)]).Run(["--filter", "*", .. arguments]);
        return Task.CompletedTask;
    });

    internal sealed record Entry(string Name, string Subject, string Duration, Func<string[], Task> RunAsync);
}
