using System.Text;
using Registry.Core.Access;

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

        Assert.True(await passwords.VerifyAsync(new BasicCredentials("myuser", "mypassword")));
        Assert.True(await passwords.VerifyAsync(new BasicCredentials("myuser", "mypassword")));
        Assert.Equal(1, passwords.Checks);
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("myuser", "wrong")));
        Assert.False(await passwords.VerifyAsync(new BasicCredentials("nobody", "mypassword")));
        Assert.Equal(3, passwords.Checks);
    }

    [Fact]
    public void Reports_every_fault_with_its_line_and_without_a_hash()
    {
        var fault = Assert.Throws<FormatException>(() => Read($"a:{Hash}\nnonsense\nb:$apr1$secret\na:{Hash}\n"));

        Assert.Contains("line 2: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("line 3: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("line 4: user 'a' is there twice", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Hash[8..], fault.Message, StringComparison.Ordinal);
    }

    private static Htpasswd Read(string text) => Htpasswd.Read(Encoding.UTF8.GetBytes(text));
}
