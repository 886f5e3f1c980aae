using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Registry.Core.Errors;
using Registry.Server.Transport.Output;

namespace Registry.Server.Tests.Transport.Fixtures;

/// <summary>Blobs with names: the bytes come from the name, so every registry and every run has the same.</summary>
internal static class Samples
{
    private static readonly Dictionary<string, TestBlob> ByName = [];

    public static readonly TestBlob Small = Make("small", 1000);
    public static readonly TestBlob Page = Make("page", 4096);
    public static readonly TestBlob Large = Make("large", (8 * 1024 * 1024) + 4321);
    public static readonly TestBlob Larger = Make("larger", (9 * 1024 * 1024) + 1);

    public static readonly TestBlob Empty = Make("empty", 0);

    /// <summary>Sizes around those of pages, segments and buffers.</summary>
    public static readonly IReadOnlyList<TestBlob> OfOddSizes =
    [
        .. ((int[])[1, 4096, 16_384, 65_536, 131_072, 262_144, 1_048_576]).SelectMany(size => (int[])[size - 1, size, size + 1]).Skip(1)
            .Select(size => Make($"{size} bytes", size)),
    ];

    /// <summary>Blobs that every registry has from the start.</summary>
    public static readonly IReadOnlyList<TestBlob> Stored = [Small, Page, Large, Larger, Empty, .. OfOddSizes];

    public static IReadOnlyDictionary<string, TestBlob> All => ByName;

    /// <summary>Creates a blob that is not stored yet, and whose name appears in responses.</summary>
    public static TestBlob Make(string name, int size)
    {
        var seed = BitConverter.ToInt32(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
        var bytes = new byte[size];
#pragma warning disable CA5394 // The same bytes every time are the point.
        new Random(seed).NextBytes(bytes);
#pragma warning restore CA5394
        return ByName[name] = new TestBlob(bytes);
    }

    /// <summary>A log that keeps nothing.</summary>
    public static UnsentAnswers Unsent() => new(
        new RecurringFaults(TimeProvider.System, NullLogger<RecurringFaults>.Instance), NullLogger<UnsentAnswers>.Instance);

    /// <summary>The path of a blob in the repository of the exchanges.</summary>
    public static string Path(TestBlob blob) => $"/v2/t/blobs/{blob.Digest}";

    public static string? NameOf(ReadOnlySpan<byte> bytes)
    {
        foreach (var (name, blob) in ByName)
        {
            if (bytes.SequenceEqual(blob.Bytes))
            {
                return name;
            }
        }

        return null;
    }
}
