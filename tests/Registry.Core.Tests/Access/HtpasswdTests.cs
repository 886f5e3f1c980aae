using System.Text;
using Registry.Core.Access.Passwords;

namespace Registry.Core.Tests.Access;

public class HtpasswdTests
{
    private const string Hash = "$2y$05$P6ioG8BHNP9k8ReN5RcIKemwtd0gXyrtblPDTMduD8gU45Q672tNK";

    [Theory]
    [InlineData("$2a$")]
    [InlineData("$2b$")]
    [InlineData("$2y$")]
    public async Task Accepts_every_kind_of_bcrypt_that_the_guide_names(string kind)
    {
        var users = Read($"\uFEFF# comment\r\n\r\nmyuser:{kind}{Hash[4..]}\r\n");
        using var passwords = new PasswordVerifier(() => users);

        Assert.True(await passwords.VerifyAsync(new BasicCredentials("myuser", "mypassword"), TestCaller.Local));
        Assert.True(await passwords.VerifyAsync(new BasicCredentials("myuser", "mypassword"), TestCaller.Local));
        Assert.Equal(1, passwords.Checks);
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("myuser", "wrong"), TestCaller.Local));
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("nobody", "mypassword"), TestCaller.Local));
        Assert.Equal(3, passwords.Checks);
    }

    [Fact]
    public void A_byte_order_mark_counts_in_the_first_line_only()
    {
        Assert.Equal(["alice"], Read($"\uFEFFalice:{Hash}\n").Users);
        foreach (var content in new[] { $"alice:{Hash}\n\uFEFFbob:{Hash}\n", $"\uFEFF\uFEFFbob:{Hash}\n" })
        {
            Assert.Contains("begins with a byte-order mark (U+FEFF)", Assert.Throws<FormatException>(() => Read(content)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Names_the_lines_whose_cost_delays_logins()
    {
        Assert.Empty(Read($"a:{Hash}\nb:$2y$12${Hash[7..]}\n").CostlyLines);

        var lines = Read($"# comment\na:{Hash}\nb:$2y$13${Hash[7..]}\nc:$2y$16${Hash[7..]}\n").CostlyLines;
        Assert.Equal([new CostlyLine(3, "b", 13), new CostlyLine(4, "c", 16)], lines);
        Assert.Matches(
            @"^line 3: the hash of 'b' has a cost of 13, and one check takes about [1-9]\d* ms of a core .* 'registry user add b', which uses a cost of 10$", lines[0].ToString());
    }

    [Fact]
    public void Reports_every_fault_with_its_line_and_without_a_hash()
    {
        var fault = Assert.Throws<FormatException>(() => Read($"a:{Hash}\nnonsense\nb:$apr1$secret\na:{Hash}\n"));

        Assert.Contains("line 2: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("line 3: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("line 4: user 'a' is listed twice", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Hash[8..], fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice:", "", "line 1: the hash of 'alice' is not bcrypt ($2y$, $2a$ or $2b$); make it with htpasswd -B")]
    [InlineData("alice:", "plaintext", "line 1: the hash of 'alice' is not bcrypt ($2y$, $2a$ or $2b$); make it with htpasswd -B")]
    [InlineData("alice:", Hash + " ", "line 1: there is text after the hash of 'alice'")]
    [InlineData("alice:", Hash + ":comment", "line 1: there is text after the hash of 'alice'")]
    [InlineData("alice:", "$2y$31$P6ioG8BHNP9k8ReN5RcIKemwtd0gXyrtblPDTMduD8gU45Q672tNK", "line 1: the hash of 'alice' has a cost of 31; allowed: 4 to 16")]
    [InlineData("*:", Hash, "line 1: the name '*' means something else in access rules: '*', and what begins with '$', is no user")]
    [InlineData("$anonymous:", Hash, "line 1: the name '$anonymous' means something else in access rules: '*', and what begins with '$', is no user")]
    [InlineData("a\u0007b:", Hash, "line 1: the name 'a\u0007b' contains a control character")]
    [InlineData(":", Hash, "line 1: not of the form user:hash")]
    public void Says_what_is_wrong_with_a_line(string name, string hash, string expected) =>
        Assert.Equal(expected, Assert.Throws<FormatException>(() => Read($"{name}{hash}\n")).Message);

    [Fact]
    public void Refuses_a_name_that_is_not_UTF_8_and_lets_comments_be_anything()
    {
        byte[] line = [.. "caf"u8, 0xE9, .. Encoding.UTF8.GetBytes($":{Hash}\n")];
        Assert.Empty(Htpasswd.Read([(byte)'#', .. line]).Users);
        Assert.Equal("line 1: the name 'caf\uFFFD' is not valid UTF-8", Assert.Throws<FormatException>(() => Htpasswd.Read(line)).Message);
    }

    private static Htpasswd Read(string text) => Htpasswd.Read(Encoding.UTF8.GetBytes(text));
}
