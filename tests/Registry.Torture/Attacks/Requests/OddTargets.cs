namespace Registry.Torture.Attacks.Requests;

/// <summary>Requests whose targets proxies and servers read in different ways (RFC 9112, section 3.2).</summary>
internal sealed class OddTargets : IAttack
{
    private const int Clients = 8;

    private static readonly string[] Targets =
    [
        "http://x?/v2/", "http://x#/v2/", "http://x", "https://x:99999/v2/", "*", "/", "//v2/", "/v2", "/v2//", "/v2/../v2/", "/v2/%2e%2e/v2/", "/v2/%00", "/v2/%",
        "/v2/_catalog?n=99999999999999999999", "/v2/_catalog?n=-1", "/v2/a/tags/list?last=%ff", "/v2/a/manifests/", "/v2/a/manifests/..", "/v2/a/blobs/sha256:0",
        "/v2/a/referrers/sha512:", "/v2/a/blobs/uploads/?digest=", "/v2/a/blobs/uploads/x?_state=", "v2/", "?", "#", "/v2/#", "/\\v2/", "/v2/\t", "x:443", "/token?scope=%80",
    ];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "BREW"];

    public string Name => "odd-targets";

    public string Subject => "request targets that servers read in different ways";

    public Task RunAsync(Target target, Tally tally, Random random, CancellationToken stop) =>
        Crowd.RunAsync(target.Count(Clients), tally, random, async (member, turn, _) =>
        {
            using var connection = await target.OpenAsync(member, stop);
            tally.Connected();
            var method = Methods[turn.Next(Methods.Length)];
            var path = turn.Next(10) == 0 ? "/v2/" + new string('a', turn.Next(20_000)) : Targets[turn.Next(Targets.Length)];
            await connection.SendAsync(target.Head(method, path, "Connection: close", "Content-Length: 0"), stop);
            tally.Answered(await connection.ReadAnswerAsync(isHead: method == "HEAD", stop));
        }, stop);
}
