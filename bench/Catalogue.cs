using System.Text;
using Registry.Bench.Micro;

namespace Registry.Bench;

/// <summary>What can be measured.</summary>
internal static class Catalogue
{
    public static readonly IReadOnlyList<Entry> Entries =
    [
        new("router", "a path through the route table", "1 min", typeof(RouterBenchmarks)),
        new("names", "repository names, tags and digests out of a path", "2 min", typeof(NameBenchmarks)),
        new("manifests", "reading a manifest that is pushed", "2 min", typeof(ManifestReaderBenchmarks)),
        new("digests", "SHA-256 and SHA-512 over a layer, in pieces", "1 min", typeof(DigestBenchmarks)),
    ];

    public static Entry? Find(string name) => Entries.FirstOrDefault(entry => entry.Name == name);

    public static string Describe()
    {
        var text = new StringBuilder("Usage: dotnet run -c Release --project bench -- <name> [BenchmarkDotNet arguments]\n\n");
        foreach (var entry in Entries)
        {
            text.Append($"  {entry.Name,-10} {entry.Subject} (about {entry.Duration})\n");
        }

        return text.Append($"  {"all",-10} all of them\n").ToString();
    }

    internal sealed record Entry(string Name, string Subject, string Duration, Type Type);
}
