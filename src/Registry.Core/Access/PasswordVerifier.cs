using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Registry.Core.Access;

/// <summary>
/// Checks passwords against bcrypt hashes. A check takes 50 to 100 ms of a core on purpose, so: one thread does all of them, the queue for it
/// is short, and a password that was right is remembered, by a keyed hash, for as long as its line in the file stays the same. An unknown
/// user costs as much as a wrong password.
/// </summary>
public sealed class PasswordVerifier : IDisposable
{
    private const int MaxWaiting = 64;
    private const int MaxRemembered = 10_000;

    private readonly Func<Htpasswd> _users;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<Fingerprint, byte> _remembered = new();
    private readonly ConcurrentDictionary<int, string> _dummies = new();
    private readonly BlockingCollection<Check> _queue = new(MaxWaiting);
    private readonly Thread _thread;
    private long _checks;

    /// <summary>Starts the thread.</summary>
    /// <param name="users">The users at the moment of each check.</param>
    public PasswordVerifier(Func<Htpasswd> users)
    {
        _users = users;
        _thread = new Thread(Work) { IsBackground = true, Name = "passwords", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>How many bcrypt computations were made.</summary>
    public long Checks => Volatile.Read(ref _checks);

    /// <summary>Whether a password is right; null when too many are waiting to be checked.</summary>
    public async ValueTask<bool?> VerifyAsync(BasicCredentials credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        if (Encoding.UTF8.GetByteCount(credentials.Password) > HtpasswdEditor.MaxPasswordBytes
            || credentials.Password.Contains('\0', StringComparison.Ordinal))
        {
            return false;
        }

        var users = _users();
        var hash = users.FindHash(credentials.User);
        var fingerprint = hash is null ? default : Fingerprint.Of(_key, credentials, hash);
        if (hash is not null && _remembered.ContainsKey(fingerprint))
        {
            return true;
        }

        var check = new Check(credentials.Password, hash, users.MaxCost);
        try
        {
            if (!_queue.TryAdd(check))
            {
                return null;
            }
        }
        catch (InvalidOperationException)
        {
            // Stopping.
            return null;
        }

        if (!await check.Done.Task)
        {
            return false;
        }

        if (_remembered.Count >= MaxRemembered)
        {
            _remembered.Clear();
        }

        _remembered[fingerprint] = 0;
        return true;
    }

    /// <summary>Finishes what is queued and ends the thread.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    private void Work()
    {
        foreach (var check in _queue.GetConsumingEnumerable())
        {
            try
            {
                Interlocked.Increment(ref _checks);
                var isRight = BCrypt.Net.BCrypt.Verify(check.Password, check.Hash ?? Dummy(check.Cost));
                check.Done.SetResult(isRight && check.Hash is not null);
            }
            catch (BCrypt.Net.SaltParseException)
            {
                check.Done.SetResult(false);
            }
        }
    }

    private string Dummy(int cost) => _dummies.GetOrAdd(cost, c => BCrypt.Net.BCrypt.HashPassword(Guid.NewGuid().ToString(), c));

    private sealed record Check(string Password, string? Hash, int Cost)
    {
        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    // SHA-256 over a secret of this process, user, password and line: worthless elsewhere, and another as soon as the line changes. It only
    // ever meets values made here, so a plain keyed hash will do, and it is half the price of an HMAC.
    private readonly record struct Fingerprint(Int128 High, Int128 Low)
    {
        public static Fingerprint Of(byte[] key, BasicCredentials credentials, string hash)
        {
            var size = key.Length + Encoding.UTF8.GetMaxByteCount(credentials.User.Length + credentials.Password.Length + hash.Length + 2);
            var buffer = size <= 1024 ? stackalloc byte[1024] : new byte[size];
            key.CopyTo(buffer);
            var length = key.Length;
            Append(buffer, ref length, credentials.User);
            Append(buffer, ref length, credentials.Password);
            Append(buffer, ref length, hash);
            Span<byte> output = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(buffer[..length], output);
            return new Fingerprint(
                System.Buffers.Binary.BinaryPrimitives.ReadInt128LittleEndian(output),
                System.Buffers.Binary.BinaryPrimitives.ReadInt128LittleEndian(output[16..]));
        }

        // Neither a user nor a password that gets this far holds a NUL.
        private static void Append(Span<byte> buffer, ref int length, string text)
        {
            length += Encoding.UTF8.GetBytes(text, buffer[length..]);
            buffer[length++] = 0;
        }
    }
}
