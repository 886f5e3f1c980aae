using System.Text;
using Registry.Core.Access.Passwords;

namespace Registry.Core.Tests.Access;

public sealed class BasicCredentialsTests
{
    [Theory]
    [InlineData("alice:secret", "alice", "secret")]
    [InlineData("alice:", "alice", "")]
    [InlineData("alice:a:b:", "alice", "a:b:")]
    [InlineData("älice:pässwörd", "älice", "pässwörd")]
    public void The_first_colon_ends_the_user(string text, string user, string password) =>
        Assert.Equal(new BasicCredentials(user, password), Parse(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("")]
    [InlineData("alice")]
    [InlineData(":secret")]
    [InlineData("alice:se\0cret")]
    [InlineData("alice:secret\n")]
    [InlineData("al\rice:secret")]
    public void What_is_not_user_and_password_is_refused(string text) => Assert.Null(Parse(Encoding.UTF8.GetBytes(text)));

    // Each of them would be the same text with a replacement character.
    [Theory]
    [InlineData(0xE4)]
    [InlineData(0xFF)]
    [InlineData(0xC0)]
    public void What_is_not_UTF_8_is_refused(int last) => Assert.Null(Parse([.. "alice:"u8, (byte)last]));

    [Theory]
    [InlineData("%")]
    [InlineData("YWxpY2U6c2VjcmV")]
    [InlineData("YWxpY2U6c2VjcmV0=")]
    public void What_is_not_base64_is_refused(string parameter) => Assert.Null(BasicCredentials.TryParse(parameter));

    [Fact]
    public void What_is_longer_than_any_password_is_refused() => Assert.Null(Parse(Encoding.UTF8.GetBytes($"alice:{new string('x', 4096)}")));

    [Fact]
    public void As_text_it_has_no_password() => Assert.Equal("alice:***", $"{new BasicCredentials("alice", "secret")}");

    private static BasicCredentials? Parse(byte[] bytes) => BasicCredentials.TryParse(Convert.ToBase64String(bytes));
}
