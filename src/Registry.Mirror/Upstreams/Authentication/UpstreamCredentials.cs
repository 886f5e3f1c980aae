using System.Net.Http.Headers;
using System.Text;
using Registry.Files;
using Registry.Mirror.Configuration;

namespace Registry.Mirror.Upstreams.Authentication;

/// <summary>
/// Name and password at an upstream. The file is read at each use. A password that was refused is not sent again until the file changes, or a time has passed, since accounts get
/// locked; so is one that was not accepted yet while it is on its way.
/// </summary>
/// <param name="settings">The upstream.</param>
/// <param name="time">The clock.</param>
internal sealed class UpstreamCredentials(UpstreamSettings settings, TimeProvider time) : IDisposable
{
    /// <summary>Time after which a refused password is tried again.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMinutes(15);

    private readonly TimeProvider _time = time;
    private readonly SemaphoreSlim _turn = new(1);
    private volatile string? _accepted;
    private volatile string? _refused;
    private long _refusedAt;

    /// <summary>True if there is a name with a password.</summary>
    public bool Exist => settings is { UserName: not null, PasswordFile: not null };

    /// <summary>Gets the header, for one request.</summary>
    /// <exception cref="UpstreamException">The password was refused, or the file cannot be read.</exception>
    public async Task<Login> LogInAsync(CancellationToken cancellationToken)
    {
        var secret = Read();
        if (secret == _accepted)
        {
            return new Login(this, secret, hasTurn: false);
        }

        await _turn.WaitAsync(cancellationToken);
        var login = new Login(this, secret, hasTurn: true);
        if (secret == _accepted)
        {
            login.Dispose();
        }
        else if (secret == _refused && _time.GetElapsedTime(Interlocked.Read(ref _refusedAt)) < Pause)
        {
            login.Dispose();
            throw new UpstreamException(
                UpstreamFaultKind.Away,
                $"{settings.Name} refuses the password of {settings.UserName}, which is tried again when {settings.PasswordFile} changes, or after {Pause.TotalMinutes} minutes")
            {
                IsRefusal = true,
                Shown = $"{settings.Name} is not asked, since the credentials of this registry there are not in order",
            };
        }

        return login;
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private string Read()
    {
        try
        {
            var password = Encoding.UTF8.GetString(OperatorFile.Read(settings.PasswordFile!)).TrimEnd('\r', '\n');
            return Convert.ToBase64String(Encoding.UTF8.GetBytes($"{settings.UserName}:{password}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var reason = IoFault.Reason(e, settings.PasswordFile);
            throw new UpstreamException(UpstreamFaultKind.Away, $"{settings.Name} is not asked: the password file {settings.PasswordFile} cannot be read: {reason}", e)
            {
                IsRefusal = true,
                Shown = $"{settings.Name} is not asked, since the credentials of this registry there are not in order",
            };
        }
    }

    /// <summary>Header of one request, which tells afterwards what became of it. Until it is disposed, no other password that was not accepted yet is sent.</summary>
    internal sealed class Login(UpstreamCredentials credentials, string secret, bool hasTurn) : IDisposable
    {
        private bool _hasTurn = hasTurn;

        /// <summary>The header.</summary>
        public AuthenticationHeaderValue Header { get; } = new("Basic", secret);

        /// <summary>True if the password was right before.</summary>
        public bool WasAccepted => credentials._accepted == secret;

        /// <summary>Notes that the password is right.</summary>
        public void Accepted() => credentials._accepted = secret;

        /// <summary>Notes that the password is wrong.</summary>
        public void Refused()
        {
            Interlocked.Exchange(ref credentials._refusedAt, credentials._time.GetTimestamp());
            (credentials._refused, credentials._accepted) = (secret, null);
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            if (_hasTurn)
            {
                _hasTurn = false;
                credentials._turn.Release();
            }
        }
    }
}
