using System.Text;
using BenchmarkDotNet.Running;
using Registry.Bench.Load;
using Registry.Bench.Micro;
using Registry.Bench.Scale;
using Registry.Bench.Storage;
using Registry.Bench.Targets;

namespace Registry.Bench;

/// <summary>What can be measured.</summary>
internal static class Catalogue
{
    public static readonly IReadOnlyList<Entry> Entries =
    [
        new("targets", "the performance targets P1 to P9 beside distribution, docker-registry, nginx and bare Kestrel", "20 min; --quick 3 min", TargetsCommand.RunAsync),
        Micro<RouterBenchmarks>("router", "a path through the route table", "1 min"),
        Micro<NameBenchmarks>("names", "repository names, tags and digests out of a path", "2 min"),
        Micro<ManifestReaderBenchmarks>("manifests", "reading a manifest that is pushed", "2 min"),
        Micro<DigestBenchmarks>("digests", "SHA-256 and SHA-512 over a layer, in pieces", "1 min"),
        Micro<CredentialBenchmarks>("credentials", "the check of a remembered password and of a token", "1 min"),
        Micro<CommitBenchmarks>("commits", "durable changes of the metadata, 1, 8 and 64 at once, beside beginning an upload", "1 min"),
        new("uploads", "a large upload in the store, beside hashing and writing alone; give a number of MiB for another size than 1024", "2 min",
            arguments => UploadThroughput.RunAsync(arguments.FirstOrDefault())),
        new("small-images", "pushes and pulls of small images, 1, 8 and 64 at once; give ADDRESS:PORT to measure another registry", "30 s",
            arguments => SmallImageLoad.RunAsync(arguments.FirstOrDefault())),
        new("load", "the workloads of the load tests; give names, a URL, or --seconds N", "1 min", WorkloadLoad.RunAsync),
        new("passwords", "requests with a remembered password beside open ones, and while others send wrong ones", "1 min",
            _ => AuthenticationLoad.RunAsync()),
        new("scale", "requests with a million manifests stored beside ten thousand; 1 GiB of room in the temporary folder", "4 min",
            _ => ScaleLoad.RunAsync()),
        new("sweep", "pulls while the collector removes 100,000 blobs; give another number", "3 min", arguments => SweepLoad.RunAsync(arguments.FirstOrDefault())),
        new("scale-tree", "the first start on a tree of 20,000 manifests without a database", "2 min", _ => TreeLoad.RunAsync()),
    ];

    public static string Describe()
    {
        var text = new StringBuilder("Usage: dotnet run -c Release --project bench -- <name> [arguments]\n\n");
        foreach (var entry in Entries)
        {
            text.Append($"  {entry.Name,-13} {entry.Subject} (about {entry.Duration})\n");
        }

        return text.Append($"  {"all",-13} all of them but the targets, which run alone\n").ToString();
    }

    private static Entry Micro<T>(string name, string subject, string duration) => new(name, subject, duration, arguments =>
    {
        BenchmarkSwitcher.FromTypes([typeof(T)]).Run(["--filter", "*", .. arguments]);
        return Task.CompletedTask;
    });

    internal sealed record Entry(string Name, string Subject, string Duration, Func<string[], Task> RunAsync);
}
