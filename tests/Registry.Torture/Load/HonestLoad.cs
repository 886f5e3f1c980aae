using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Testing.Workloads;
using Registry.Torture.Sieges;

namespace Registry.Torture.Load;

/// <summary>
/// Honest clients beside the attackers: one pushes images, two pull as docker does and compare every byte, one logs in. They have an address and users
/// of their own.
/// </summary>
internal sealed class HonestLoad : IDisposable
{
    /// <summary>User who pushes and pulls. The others, who log in, have its name with a number.</summary>
    public const string User = "alice";

    private const string Repository = "honest/app";
    private const int Pullers = 2;
    private const int ImagesAtFirst = 8;
    private const int LayerSize = 20_000;

    private static readonly IPAddress Source = new([127, 0, 1, 1]);
    private static readonly TimeSpan BetweenPulls = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan BetweenPushes = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan BetweenLogins = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, string> _acknowledged = new(StringComparer.Ordinal);
    private readonly string _password;
    private readonly int _users;
    private readonly Findings _findings;
    private readonly Uri _address;
    private readonly HttpClient _client;
    private readonly HttpClient _newcomer;
    private PatientHandler _patience = null!;
    private PatientHandler _newcomersPatience = null!;
    private int _logins;

    /// <summary>Creates the clients.</summary>
    /// <param name="address">Address of the registry.</param>
    /// <param name="password">Password of all users.</param>
    /// <param name="users">Number of users who log in: each of them once, because the registry remembers passwords.</param>
    /// <param name="findings">Receives what must not happen to an honest client.</param>
    public HonestLoad(Uri address, string password, int users, Findings findings)
    {
        _address = address;
        _password = password;
        _users = users;
        _findings = findings;
        _client = LoopbackClient.Create(address, Source, Basic(User), handler => _patience = new PatientHandler(handler, findings));
        _newcomer = LoopbackClient.Create(address, Source, null, handler => _newcomersPatience = new PatientHandler(handler, findings));
    }

    public Latencies Pulls { get; } = new();

    public Latencies Pushes { get; } = new();

    public Latencies Logins { get; } = new();

    /// <summary>Number of images whose push was acknowledged.</summary>
    public int Acknowledged => _acknowledged.Count;

    /// <summary>Number of answers 429 and 503.</summary>
    public int Refused => _patience.Refused + _newcomersPatience.Refused;

    /// <summary>Time that was waited after them, as their Retry-After says.</summary>
    public TimeSpan Waited => _patience.Waited + _newcomersPatience.Waited;

    /// <summary>Pushes the images that are pulled first.</summary>
    public async Task PrepareAsync()
    {
        for (var i = 0; i < ImagesAtFirst; i++)
        {
            await PushAsync();
        }

        Pushes.Take();
    }

    /// <summary>Pushes, pulls and logs in until the token is cancelled.</summary>
    public Task RunAsync(Random random, CancellationToken stop) => Task.WhenAll([
        RepeatAsync("push", PushAsync, BetweenPushes, stop),
        RepeatAsync("login", LogInAsync, BetweenLogins, stop),
        .. Enumerable.Range(0, Pullers).Select(_ => new Random(random.Next())).ToList().Select(own => RepeatAsync("pull", () => PullAsync(own), BetweenPulls, stop))]);

    /// <summary>Pulls every image whose push was acknowledged.</summary>
    /// <returns>Their number.</returns>
    public async Task<int> VerifyAsync()
    {
        foreach (var (tag, digest) in _acknowledged)
        {
            await TryAsync("verification", async () => await PullAsync(tag, digest));
        }

        return _acknowledged.Count;
    }

    public void Dispose()
    {
        _client.Dispose();
        _newcomer.Dispose();
    }

    private string Basic(string user) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{_password}"))}";

    private async Task RepeatAsync(string what, Func<Task> step, TimeSpan pause, CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            await TryAsync(what, step);
            try
            {
                await Task.Delay(pause, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task TryAsync(string what, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is WorkloadException or OperationCanceledException || e.IsLostConnection())
        {
            _findings.Add($"an honest {what} succeeds", e.ToString());
        }
    }

    private async Task PushAsync()
    {
        var image = TestImage.Create(layers: 2, layerSize: LayerSize);
        var tag = $"t{_acknowledged.Count}";
        await Pushes.MeasureAsync(() => _client.PushImageAsync(Repository, image, tag));
        _acknowledged[tag] = image.Digest;
    }

    private Task<long> PullAsync(Random random)
    {
        var tag = $"t{random.Next(_acknowledged.Count)}";
        return Pulls.MeasureAsync(() => PullAsync(tag, _acknowledged[tag]));
    }

    private async Task<long> PullAsync(string tag, string digest)
    {
        var resolved = await _client.ResolveAsync(Repository, tag);
        return resolved == digest
            ? await _client.PullManifestAsync(Repository, resolved)
            : throw new WorkloadException($"{tag} is {resolved} instead of {digest}, whose push was acknowledged");
    }

    // A user whom the registry does not know yet, so it checks the password.
    private Task LogInAsync()
    {
        var user = $"{User}{Interlocked.Increment(ref _logins) % _users}";
        return Logins.MeasureAsync(async () => DockerLikeClient.Expect(
            200,
            await _newcomer.GetAnswerAsync($"{_address}token?service=registry&scope=repository:{Repository}:pull", ("Authorization", Basic(user))),
            $"the login of {user}"));
    }
}
