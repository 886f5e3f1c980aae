using System.Globalization;
using System.Text;

namespace Registry.Torture.Attacks.Requests;

/// <summary>Manifests and forms for a token whose last byte never comes.</summary>
internal sealed class UnfinishedBodies : IAttack
{
    private const int Senders = 400;
    private const int ManifestSize = 4 * 1024 * 1024;
    private const int FormSize = 256 * 1024;

    private static readonly byte[] Manifest = Encoding.ASCII.GetBytes($"{{\"schemaVersion\":2,\"annotations\":{{\"a\":\"{new string('a', ManifestSize)}")[..(ManifestSize - 1)];
    private static readonly byte[] Form = Encoding.ASCII.GetBytes($"grant_type=password&scope={new string('a', FormSize)}")[..(FormSize - 1)];

    public string Name => "unfinished-bodies";

    public string Subject => "400 PUTs of manifests and POSTs to /token that stop one byte before the end";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop) =>
        Crowd.RunAsync(target.Count(Senders), tally, random, async (member, _, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            var isForm = member % 4 == 3;
            await connection.SendAsync(
                isForm
                    ? $"POST /token HTTP/1.1\r\nHost: registry\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {Length(FormSize)}\r\n\r\n"
                    : target.Head("PUT", $"/v2/{Target.Repository}/manifests/unfinished-{member}", "Content-Type: application/vnd.oci.image.manifest.v1+json", $"Content-Length: {Length(ManifestSize)}"),
                stop);
            await connection.SendAsync(isForm ? Form : Manifest, stop);
            tally.Add("bodies sent but for a byte");
            tally.Answered(await connection.ReadAnswerAsync(cancellationToken: stop));
        }, stop);

    private static string Length(int size) => size.ToString(CultureInfo.InvariantCulture);
}
