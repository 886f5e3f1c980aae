using System.Security.Cryptography;
using System.Text;

namespace Registry.Bench.Wire;

/// <summary>
/// Different blobs of one size that cost the client almost no CPU. All except the last bytes are in memory-backed files, once plain and once
/// framed in chunks as docker's client writes them; the kernel sends them from there.
/// </summary>
internal sealed class UploadSource : IDisposable
{
    // Go's io.Copy, with which docker's client sends a layer, copies in pieces of this size, and its chunked writer makes a chunk of each.
    private const int ChunkSize = 32 * 1024;
    private const int TailSize = 64;
    private const int ReadSize = 1024 * 1024;

    private readonly string _folder = Directory.CreateDirectory(Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"registry-bench-{Guid.NewGuid():N}")).FullName;

    private readonly Dictionary<int, string> _digests = [];

    /// <summary>Prepares blobs of a size.</summary>
    public UploadSource(long size)
    {
        Size = size;
        var random = new Random(1);
        var piece = new byte[ChunkSize];
        using var plain = File.Create(PlainPath);
        using var chunked = File.Create(ChunkedPath);
        for (var left = size - TailSize; left > 0; left -= piece.Length)
        {
            random.NextBytes(piece);
            var part = piece.AsSpan(0, (int)Math.Min(left, piece.Length));
            plain.Write(part);
            chunked.Write(Encoding.ASCII.GetBytes($"{part.Length:x}\r\n"));
            chunked.Write(part);
            chunked.Write("\r\n"u8);
        }
    }

    /// <summary>The size of each blob.</summary>
    public long Size { get; }

    private string PlainPath => Path.Combine(_folder, "plain");

    private string ChunkedPath => Path.Combine(_folder, "chunked");

    /// <summary>Returns a blob with Content-Length. Each number gives a different blob.</summary>
    public UploadBody Whole(int number) => new(PlainPath, Tail(number), Size, Digest(number));

    /// <summary>Returns a blob in chunks.</summary>
    public UploadBody Chunked(int number) => new(
        ChunkedPath, [.. Encoding.ASCII.GetBytes($"{TailSize:x}\r\n"), .. Tail(number), .. "\r\n0\r\n\r\n"u8], -1, Digest(number));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Tail(int number)
    {
        var tail = new byte[TailSize];
        BitConverter.TryWriteBytes(tail, number);
        return tail;
    }

    private string Digest(int number)
    {
        if (!_digests.TryGetValue(number, out var digest))
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using var file = File.OpenRead(PlainPath);
            var piece = new byte[ReadSize];
            for (int count; (count = file.Read(piece)) > 0;)
            {
                hash.AppendData(piece, 0, count);
            }

            hash.AppendData(Tail(number));
            _digests[number] = digest = $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
        }

        return digest;
    }
}
