using System.Text;

namespace Registry.Server.Tests.Robustness;

/// <summary>Generates valid requests and damages most of them. The same seed gives the same requests.</summary>
internal sealed class RequestGenerator(Random random, TestImage image, string session)
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "BREW"];
    private static readonly string[] Names = ["fuzz", "fuzz", "fuzz", "a/manifests/b", "v2/tags/list", "nobody", "Fuzz", "..", "%2e%2e", "a//b", "a%00", "%ff", "_"];
    private static readonly string[] Values = ["", "0", "-1", "1", "99999999999999999999", "\"x\"", "*", "W/\"a\"", "bytes=0-1,5-", "bytes=-", "0-9", "9-0", "bytes 0-9/*", ",", ";", "=", "\t", "%00", "chunked", "gzip"];

    private static readonly string[] HeaderNames =
    [
        "Range", "If-Range", "If-Match", "If-None-Match", "Content-Range", "Content-Type", "Accept", "Expect", "Connection", "Host", "Upgrade",
        "X-Content-Length", "Docker-Content-Digest", "Authorization", "Cookie", "Content-Encoding", "Trailer", "TE", "Date",
    ];

    private static readonly string[] Queries =
        ["digest={d}", "digest=sha256:x", "mount={d}", "from=fuzz", "from=..", "n=1", "n=0", "n=x", "last=a", "last=%00", "tag=a", "tag=.", "artifactType=a/b", "digest-algorithm=sha512", "digest-algorithm=x", "=", "&&", "%zz=1", "last={d}"];

    public string Session { get; set; } = session;

    /// <summary>A request as bytes, damaged in most cases.</summary>
    public byte[] NextRaw()
    {
        var body = Body();
        var head = new StringBuilder($"{Pick(Methods)} {Path(raw: true)} HTTP/1.1\r\nHost: registry\r\n");
        head.Append(random.Next(5) switch { 0 => "Transfer-Encoding: chunked\r\n", 1 => $"Content-Length: {body.Length + random.Next(-1, 2)}\r\n", _ => $"Content-Length: {body.Length}\r\n" });
        for (var i = random.Next(4); i > 0; i--)
        {
            head.Append($"{Pick(HeaderNames)}: {Value()}\r\n");
        }

        byte[] request = [.. Encoding.Latin1.GetBytes($"{head}\r\n"), .. body];
        for (var i = random.Next(4); i > 0; i--)
        {
            request = Damage(request);
        }

        return request;
    }

    /// <summary>A request that any HTTP client can send.</summary>
    public (string Method, string Path, byte[] Body, (string, string)[] Headers) NextProper()
    {
        var headers = Enumerable.Range(0, random.Next(4)).Select(_ => (Pick(HeaderNames[..7]), Value()))
            .Where(header => header.Item1 != "Expect").DistinctBy(header => header.Item1).ToArray();
        return (Pick(Methods[..7]), Path(raw: false), Body(), headers);
    }

    private string Path(bool raw)
    {
        var name = raw ? Pick(Names) : Pick(Names[..6]);
        var path = random.Next(9) switch
        {
            0 => $"/v2/{name}/manifests/{Reference()}",
            1 => $"/v2/{name}/manifests/{Reference()}",
            2 => $"/v2/{name}/blobs/{Reference()}",
            3 => $"/v2/{name}/blobs/uploads/",
            4 => Session,
            5 => Session.WithoutPosition(),
            6 => $"/v2/{name}/tags/list",
            7 => $"/v2/{name}/referrers/{Reference()}",
            _ => Pick(["/v2/", "/v2/_catalog", "/", "/v2/x", "*", "http://registry/v2/"]),
        };
        if (!raw && !path.StartsWith('/'))
        {
            path = "/v2/";
        }

        var query = Enumerable.Range(0, random.Next(3)).Select(_ => Pick(Queries).Replace("{d}", Reference(), StringComparison.Ordinal));
        return path + (random.Next(2) == 0 ? (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + string.Join('&', query) : "");
    }

    private string Reference() => random.Next(8) switch
    {
        0 => image.Digest,
        1 => image.Manifest.Sha512,
        2 => image.Blobs[0].Digest,
        3 => TestBlob.OfText("").Digest,
        4 => $"sha256:{new string('0', random.Next(63, 66))}",
        5 => Pick(["latest", "uploads", "list", ".", "..", "%2e", "-x", "a%2Fb", new string('t', 129)]),
        6 => "sha512:" + new string('a', 128),
        _ => $"t{random.Next(10)}",
    };

    private string Value() => random.Next(4) switch
    {
        0 => image.MediaType,
        1 => $"\"{image.Digest}\"",
        2 => $"bytes={random.Next(-5, 2000)}-{random.Next(2000)}",
        _ => Pick(Values),
    };

    private byte[] Body() => random.Next(6) switch
    {
        0 => [],
        1 => image.Manifest.Bytes,
        2 => Damage(image.Manifest.Bytes),
        3 => Damage(Damage(Damage(image.Manifest.Bytes))),
        4 => "4\r\nabcd\r\n0\r\n\r\n"u8.ToArray(),
        _ => Bytes(random.Next(300)),
    };

    // Overwrites, drops, repeats or inserts some bytes somewhere.
    private byte[] Damage(byte[] bytes)
    {
        var at = random.Next(bytes.Length + 1);
        var end = Math.Min(bytes.Length, at + random.Next(1, 20));
        return random.Next(5) switch
        {
            0 => [.. bytes[..at], .. Bytes(end - at), .. bytes[end..]],
            1 => [.. bytes[..at], .. bytes[end..]],
            2 => [.. bytes[..end], .. bytes[at..end], .. bytes[end..]],
            3 => [.. bytes[..at], .. Bytes(random.Next(1, 8)), .. bytes[at..]],
            _ => bytes[..at],
        };
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
