using System.Security.Cryptography;
using Registry.Testing.Connections;

namespace Registry.Torture.Attacks.Requests;

/// <summary>Uploads that announce a mebibyte, send 200 KiB and stop: half of them in one request, half in a session.</summary>
internal sealed class StalledUploads : IAttack
{
    private const int Uploads = 2000;
    private const int Announced = 1024 * 1024;
    private const int Sent = 200 * 1024;

    private static readonly byte[] Part = RandomNumberGenerator.GetBytes(Sent);

    public string Name => "stalled-uploads";

    public string Subject => "2,000 uploads that stop after 200 KiB";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop) =>
        Crowd.RunAsync(target.Count(Uploads), tally, random, async (member, turn, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            var (method, path) = member % 2 == 0
                ? ("POST", $"/v2/{Target.Repository}/blobs/uploads/?digest=sha256:{Convert.ToHexStringLower(Bytes(turn))}")
                : ("PATCH", await BeginAsync(target, connection, tally, stop));
            await connection.SendAsync(target.Head(method, path, "Content-Type: application/octet-stream", $"Content-Length: {Announced}"), stop);
            await connection.SendAsync(Part, stop);
            tally.Add("uploads stalled");
            tally.Answered(await connection.ReadAnswerAsync(cancellationToken: stop));
        }, stop);

    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[SHA256.HashSizeInBytes];
        random.NextBytes(bytes);
        return bytes;
    }

    private static async Task<string> BeginAsync(Target target, RawConnection connection, Tally tally, CancellationToken stop)
    {
        await connection.SendAsync(target.Head("POST", $"/v2/{Target.Repository}/blobs/uploads/", "Content-Length: 0"), stop);
        var answer = await connection.ReadAnswerAsync(cancellationToken: stop);
        tally.Answered(answer);
        return answer.Status == 202 ? answer.Location : throw new IOException("The session was refused.");
    }
}
