using System.Text;
using Registry.Core.Access.Passwords;

namespace Registry.Core.Tests.Access;

public sealed class PasswordVerifierTests : IDisposable
{
    // Of "mypassword", with a cost of 5.
    private const string Hash = "$2y$05$P6ioG8BHNP9k8ReN5RcIKemwtd0gXyrtblPDTMduD8gU45Q672tNK";
    private static readonly BasicCredentials Good = new("alice", "mypassword");

    private PasswordVerifier _passwords;
    private Htpasswd _users = Users("alice");

    public PasswordVerifierTests() => _passwords = Create();

    [Theory]
    [InlineData("alice", "mypassword", true)]
    [InlineData("alice", "wrong", false)]
    [InlineData("nobody", "mypassword", false)]
    public async Task First_checks_of_one_password_at_the_same_time_are_one(string user, string password, bool expected)
    {
        var answers = await AfterAnotherAsync(() => Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => VerifyAsync(new BasicCredentials(user, password)).AsTask())));

        Assert.All(answers, answer => Assert.Equal(expected, answer));
        Assert.Equal(2, _passwords.Checks);
    }

    [Fact]
    public async Task More_than_wait_are_turned_away_and_who_is_remembered_is_not()
    {
        var answers = await AfterAnotherAsync(
            async () =>
            {
                var others = Task.WhenAll(Enumerable.Range(0, 200).Select(i => VerifyAsync(new BasicCredentials("alice", $"wrong{i}")).AsTask()));
                Assert.True(await VerifyAsync(Good));
                return await others;
            },
            prepare: async () => Assert.True(await VerifyAsync(Good)));

        Assert.Contains(null, answers);
        Assert.DoesNotContain(true, answers);
        Assert.InRange(answers.Count(answer => answer == false), 63, 199);
    }

    // The attack of issue 11: each of these checks would cost a bcrypt of the dearest line.
    [Fact]
    public async Task Logins_of_unknown_users_that_hang_up_cost_a_real_user_nothing()
    {
        Assert.True(await AfterAnotherAsync(async () =>
        {
            using var gone = new CancellationTokenSource();
            var attack = Enumerable.Range(0, 64).Select(i => _passwords.VerifyAsync(
                new BasicCredentials($"unknown{i}", "wrong"), TestCaller.Local with { Aborted = gone.Token }).AsTask()).ToList();
            await gone.CancelAsync();
            var answer = await VerifyAsync(Good);
            await Assert.AllAsync(attack, login => Assert.ThrowsAnyAsync<OperationCanceledException>(() => login));
            return answer;
        }));
        Assert.Equal(2, _passwords.Checks);
        Assert.Equal(1 << 5, _passwords.Rounds & -_passwords.Rounds);
    }

    [Fact]
    public async Task A_password_whose_line_goes_while_it_waits_is_refused() => Assert.False(await AfterAnotherAsync(() =>
    {
        var check = VerifyAsync(Good).AsTask();
        Volatile.Write(ref _users, Users("bob"));
        return check;
    }));

    [Fact]
    public async Task A_changed_line_is_another_password_to_check()
    {
        Assert.True(await VerifyAsync(Good));
        _users = Htpasswd.Read(Encoding.UTF8.GetBytes($"alice:{BCrypt.Net.BCrypt.HashPassword("another", 4)}\n"));
        Assert.False(await VerifyAsync(Good));
        Assert.True(await VerifyAsync(new BasicCredentials("alice", "another")));
        _users = Users("alice");
        Assert.True(await VerifyAsync(Good));
    }

    [Theory]
    [InlineData(72, 1)]
    [InlineData(73, 0)]
    public async Task A_password_that_bcrypt_would_cut_is_refused_and_costs_nothing(int bytes, int checks)
    {
        var long72 = new string('x', 72);
        _users = Htpasswd.Read(Encoding.UTF8.GetBytes($"alice:{BCrypt.Net.BCrypt.HashPassword(long72, 4)}\n"));
        Assert.Equal(checks == 1, await VerifyAsync(new BasicCredentials("alice", new string('x', bytes))));
        Assert.Equal(checks, _passwords.Checks);
    }

    [Fact]
    public async Task Nothing_waits_for_a_verifier_that_has_stopped()
    {
        var stopped = new PasswordVerifier(() => _users);
        stopped.Dispose();
        Assert.Null(await stopped.VerifyAsync(Good, TestCaller.Local));
    }

    // Rounds and not milliseconds: those depend on what else the machine does.
    [Theory]
    [InlineData("dear")]
    [InlineData("middling")]
    [InlineData("cheap")]
    [InlineData("nobody")]
    public async Task Every_refusal_costs_as_many_rounds_as_the_dearest_hash(string user)
    {
        _users = Htpasswd.Read(Encoding.UTF8.GetBytes(string.Concat(
            new[] { ("cheap", 4), ("middling", 6), ("dear", 9) }.Select(each => $"{each.Item1}:{BCrypt.Net.BCrypt.HashPassword("right", each.Item2)}\n"))));
        for (var i = 1; i <= 3; i++)
        {
            Assert.False(await VerifyAsync(new BasicCredentials(user, $"wrong{i}")));
            Assert.Equal(i * 512, _passwords.Rounds);
        }
    }

    public void Dispose() => _passwords.Dispose();

    private static Htpasswd Users(string name) => Htpasswd.Read(Encoding.UTF8.GetBytes($"{name}:{Hash}\n"));

    private ValueTask<bool?> VerifyAsync(BasicCredentials credentials) => _passwords.VerifyAsync(credentials, TestCaller.Local);

    private PasswordVerifier Create() => new(() => Volatile.Read(ref _users));

    // While the thread is busy with an expensive hash, everything else waits. When this thread is held up for so long that it has asked too late,
    // all of it begins again, with a dearer hash.
    private async Task<T> AfterAnotherAsync<T>(Func<Task<T>> ask, Func<Task>? prepare = null)
    {
        var users = _users;
        for (var cost = 11; ; cost++)
        {
            await (prepare?.Invoke() ?? Task.CompletedTask);
            _users = Htpasswd.Read(Encoding.UTF8.GetBytes($"slow:$2y${cost}${new string('.', 53)}\n"));
            var before = _passwords.Checks;
            var slow = VerifyAsync(new BasicCredentials("slow", "wrong")).AsTask();

            // Until the check has begun, it takes a place in the queue.
            await Eventually.TrueAsync(() => _passwords.Checks > before);
            Volatile.Write(ref _users, users);
            var asked = ask();
            var isInTime = !slow.IsCompleted;
            Assert.False(await slow);
            var answer = await asked;
            if (isInTime)
            {
                return answer;
            }

            _passwords.Dispose();
            _passwords = Create();
        }
    }
}
