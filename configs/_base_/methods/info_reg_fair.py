# InfoReg in the common recipe. Fair: nothing but the method; tune alpha as
# much as the other methods' options.
method_info_reg = dict(step=dict(type='InfoReg'))
