using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Registry.Core.Access;

/// <summary>
/// Checks passwords against bcrypt hashes. A check takes 50 to 100 ms of a core on purpose, so: one thread does all of them, the queue for it
/// is short, callers with the same password share one check, and a password that was right is remembered, by a keyed hash, for as long as its
/// line in the file stays the same. An unknown user, and one whose hash is cheap, cost as much as a wrong password for the dearest hash.
/// </summary>
public sealed class PasswordVerifier : IDisposable
{
    private const int MaxWaiting = 64;
    private const int MaxRemembered = 10_000;

    private readonly Func<Htpasswd> _users;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<Fingerprint, byte> _remembered = new();
    private readonly Dictionary<Fingerprint, Check> _running = [];
    private readonly BlockingCollection<Check> _queue = new(MaxWaiting);
    private readonly Thread _thread;
    private long _checks;
    private long _rounds;

    /// <summary>Starts the thread.</summary>
    /// <param name="users">The users at the moment of each check.</param>
    public PasswordVerifier(Func<Htpasswd> users)
    {
        _users = users;
        _thread = new Thread(Work) { IsBackground = true, Name = "passwords" };
        _thread.Start();
    }

    /// <summary>How many passwords were checked with bcrypt.</summary>
    public long Checks => Volatile.Read(ref _checks);

    /// <summary>The rounds of bcrypt that this took, which is what takes the time.</summary>
    internal long Rounds => Volatile.Read(ref _rounds);

    /// <summary>Whether there is a user of this name; takes no time worth measuring.</summary>
    public bool HasUser(string user) => _users().FindHash(user) is not null;

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
        var fingerprint = Fingerprint.Of(_key, credentials, hash ?? string.Empty);
        if (_remembered.ContainsKey(fingerprint))
        {
            return true;
        }

        if (Enqueue(new Check(fingerprint, credentials.Password, hash, users.MaxCost)) is not { } check)
        {
            return null;
        }

        // The line may have changed or gone while the check waited for its turn.
        return await check.Done.Task && _users().FindHash(credentials.User) == hash;
    }

    /// <summary>Finishes what is queued and ends the thread.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _queue.Dispose();
    }

    // The check of the same password that is under way already, or this one; null when there is no room.
    private Check? Enqueue(Check check)
    {
        lock (_running)
        {
            if (_running.TryGetValue(check.Fingerprint, out var running))
            {
                return running;
            }

            if (_remembered.ContainsKey(check.Fingerprint))
            {
                // It ended just now.
                check.Done.SetResult(true);
                return check;
            }

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

            _running.Add(check.Fingerprint, check);
            return check;
        }
    }

    private void Work()
    {
        foreach (var check in _queue.GetConsumingEnumerable())
        {
            Interlocked.Increment(ref _checks);
            try
            {
                End(check, IsRight(check));
            }
#pragma warning disable CA1031 // The thread outlives whatever a check meets; who asked gets the fault.
            catch (Exception e)
#pragma warning restore CA1031
            {
                End(check, e);
            }
        }
    }

    private void End(Check check, bool isRight)
    {
        lock (_running)
        {
            _running.Remove(check.Fingerprint);
            if (isRight)
            {
                if (_remembered.Count >= MaxRemembered)
                {
                    _remembered.Clear();
                }

                _remembered[check.Fingerprint] = 0;
            }
        }

        check.Done.SetResult(isRight);
    }

    private void End(Check check, Exception fault)
    {
        lock (_running)
        {
            _running.Remove(check.Fingerprint);
        }

        check.Done.SetException(fault);
    }

    // 2^c rounds for the hash, and 2^c + … + 2^(max-1) more for what it is cheaper than the dearest: 2^max for everybody who is refused.
    private bool IsRight(Check check)
    {
        var cost = check.Cost;
        if (check.Hash is { } hash)
        {
            if (Verify(check.Password, hash))
            {
                return true;
            }

            for (cost = Htpasswd.CostOf(hash); cost < check.Cost; cost++)
            {
                Waste(check.Password, cost);
            }

            return false;
        }

        Waste(check.Password, cost);
        return false;
    }

    private void Waste(string password, int cost) => Verify(password, $"$2y${cost:00}${new string('.', 53)}");

    private bool Verify(string password, string hash)
    {
        Interlocked.Add(ref _rounds, 1L << Htpasswd.CostOf(hash));
        return BCrypt.Net.BCrypt.Verify(password, hash);
    }

    private sealed record Check(Fingerprint Fingerprint, string Password, string? Hash, int Cost)
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
